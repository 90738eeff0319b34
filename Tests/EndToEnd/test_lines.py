"""The chat line by line, as a screen reader and a dumb terminal get it: every function of the
screen by its command. By a model that speaks the same on every machine."""

import unittest

import speaking_gguf
from riposte import SandboxCase


class LineTests(SandboxCase):
    def chat(self, *lines, **environment):
        model = self.write("speaker.gguf", speaking_gguf.build())
        outcome = self.succeed(
            "chat", "-m", model, "--temperature", "1", "--seed", "5", "--screen-reader",
            input="".join(line + "\n" for line in lines), **environment)
        self.assertNotIn("\x1b", outcome.out)
        return outcome.out

    def test_messages_versions_and_branches(self):
        out = self.chat(
            "Name a boat", "/revise Name a bird", "/messages", "/version 1 1", "/messages",
            "/undo", "/messages", "/map")
        self.assertIn("1. You (version 2 of 2): Name a bird", out)
        self.assertIn("1. You (version 1 of 2): Name a boat", out)
        after_undo = out[out.rindex("1. You"):]
        self.assertIn("1. You (version 2 of 2): Name a bird", after_undo)
        self.assertIn("├ You: Name a boat", out)

    def test_boards(self):
        out = self.chat(
            "/n 3", "Name a boat", "/rank 1 2 2", "Another", "/amend 2 The boat is mine.",
            "/vote 1", "/bad", "/n 1", "/compare chat temperature=0.2", "/accept 1")
        self.assertIn("Reply 1 of 3", out)
        self.assertIn("ranked above the original", out)
        self.assertIn("Recorded: all bad", out)
        self.assertIn("t 0.2", out)
        records = self.succeed("rankings", "list", "--json").json
        self.assertEqual([record["all_bad"] for record in records], [False, False, True])
        self.assertEqual(
            [reply["text"] for reply in records[1]["replies"] if reply.get("rank") == 1],
            ["The boat is mine."])

    def test_looking_inside(self):
        out = self.chat(
            "Name a boat", "/tokens", "/pick 1 2", "/messages", "/prompt",
            "/attention Name a boat", "/settings", "/set seed 11", "/links", "/help")
        self.assertIn('1. "The"', out)
        self.assertIn("(version 2 of 2)", out)
        self.assertIn("<|im_start|>user", out)
        self.assertIn("attends, over all layers", out)
        self.assertIn("seed is 11.", out)
        self.assertIn("There is no link here.", out)
        self.assertIn("Anywhere", out)

    def test_conversations_go_out_and_come_back(self):
        self.write("gpt.json", """[{"title": "Old talk", "mapping": {
            "a": {"id": "a", "parent": null, "children": ["b"], "message": null},
            "b": {"id": "b", "parent": "a", "children": ["c"], "message": {"id": "b",
              "author": {"role": "user"}, "content": {"content_type": "text",
              "parts": ["Is it far?"]}}},
            "c": {"id": "c", "parent": "b", "children": [], "message": {"id": "c",
              "author": {"role": "assistant"}, "content": {"content_type": "text",
              "parts": ["Not by boat."]}}}}, "current_node": "c"}]""")
        out = self.chat(
            "Name a boat", "/title Boats", "/tag sea", "/export talk.md", "/export talk.jsonl",
            "/export talk.messages.jsonl", "/delete", "/conversations", "/undo",
            "/conversations", "/import gpt.json", "/conversations far")
        for name in ("talk.md", "talk.jsonl", "talk.messages.jsonl"):
            self.assertTrue((self.folder / name).exists(), name)
        self.assertIn('{"messages":', (self.folder / "talk.messages.jsonl").read_text())
        self.assertIn("Boats  #sea", out)
        self.assertIn("Imported 1 conversation, 2 messages.", out)
        self.assertIn("Old talk", out)


if __name__ == "__main__":
    unittest.main()

"""Conversations as scripts move them about, and the default model as a classifier."""

import json
import unittest

from riposte import SandboxCase, default_model, messages, needs_model


class Conversations(SandboxCase):
    lines = [
        {"messages": messages("Where is the lighthouse?", "On the cape.")},
        {"messages": [{"role": "system", "content": "Be brief."}, *messages("é漢字🙂", "Yes.")]},
    ]

    def load(self):
        path = self.write("in.jsonl", "".join(json.dumps(line) + "\n" for line in self.lines))
        return self.succeed("conversations", "import", path, "--json").json

    def test_round_trip(self):
        self.assertEqual(self.succeed("conversations", "list", "--json").json, [])
        report = self.load()
        self.assertEqual(len(report["added"]), 2)
        self.assertEqual(report["messages"], 4)
        listed = self.succeed("conversations", "list", "--json").json
        self.assertEqual({entry["id"] for entry in listed}, set(report["added"]))
        first = self.succeed("conversations", "show", report["added"][0], "--json").json
        self.assertEqual([(m["role"], m["content"]) for m in first["messages"]],
                         [("user", "Where is the lighthouse?"), ("assistant", "On the cape.")])
        exported = self.succeed("conversations", "export", "--format", "messages").lines
        self.assertCountEqual(
            [line["messages"][-2:] for line in exported],
            [line["messages"][-2:] for line in self.lines])
        # Our own form comes back into an empty store with everything in it.
        own = self.succeed("conversations", "export").out
        path = self.write("own.jsonl", own)
        again = self.succeed("conversations", "import", path, "--json",
                             RIPOSTE_DATA_HOME=str(self.folder / "other")).json
        self.assertEqual(len(again["added"]), 2)
        twice = self.succeed("conversations", "import", path, "--json",
                             RIPOSTE_DATA_HOME=str(self.folder / "other")).json
        self.assertEqual((twice["added"], twice["known"]), ([], 2))

    def test_search(self):
        self.load()
        hits = self.succeed("conversations", "search", "light", "--json").json
        self.assertEqual(len(hits), 1)
        self.assertIn("lighthouse", hits[0]["snippet"])
        self.assertEqual(
            self.succeed("conversations", "search", "nonesuch", "--json").json, [])
        # Operators of the search language are words here.
        for query in ['"', "a AND", "(", "NEAR(", "*", "-x", "col:val"]:
            with self.subTest(query=query):
                self.succeed("conversations", "search", "--json", "--", query)

    def test_delete_and_undo(self):
        first, second = self.load()["added"]
        self.succeed("conversations", "delete", first)
        self.assertEqual([e["id"] for e in self.succeed(
            "conversations", "list", "--json").json], [second])
        self.succeed("conversations", "delete", "--undo", first)
        self.assertEqual(len(self.succeed("conversations", "list", "--json").json), 2)

    def test_markdown(self):
        first = self.load()["added"][0]
        text = self.succeed("conversations", "export", first, "--format", "markdown").out
        self.assertIn("On the cape.", text)

    def test_broken_file_changes_nothing(self):
        self.load()
        before = self.succeed("conversations", "export").out
        for line in ["{", '{"messages": 5}', '{"messages": [{"role": "pirate", "content": "x"}]}',
                     "[]", '"text"', '{"messages": [{"content": "x"}]}']:
            with self.subTest(line=line):
                good = json.dumps({"messages": messages("new", "one")})
                path = self.write("broken.jsonl", good + "\n" + line + "\n")
                outcome = self.run_program("conversations", "import", path)
                self.assertEqual(outcome.status, 1, repr(outcome))
                self.assertEqual(len(outcome.err.strip().splitlines()), 1, repr(outcome))
                self.assertIn("broken.jsonl", outcome.err)
                self.assertIn("2", outcome.err)
                self.assertEqual(self.succeed("conversations", "export").out, before)

    def test_absent(self):
        for arguments in (["show", "77"], ["delete", "77"], ["export", "77"]):
            with self.subTest(arguments=arguments):
                outcome = self.run_program("conversations", *arguments)
                self.assertEqual(outcome.status, 1, repr(outcome))
                self.assertIn("77", outcome.err)

    def test_damaged_database(self):
        (self.folder / "data").mkdir()
        self.write("data/riposte.sqlite", b"this is not a database" * 500)
        outcome = self.refuse("conversations", "list", status=1)
        self.assertIn("riposte.sqlite", outcome.err)


@needs_model
class DefaultModel(SandboxCase):
    def test_label_template_and_calibration(self):
        model = default_model()
        template = self.write("mood.yaml", "name: mood\nsystem: Name the mood.\n"
                              "labels: [happy, sad, angry]\ncalibrate: true\n")
        value = self.succeed(
            "ask", "-m", model, "-t", template, "--json", "We won the cup!").json
        self.assertEqual({row["label"] for row in value["labels"]}, {"happy", "sad", "angry"})
        self.assertAlmostEqual(sum(row["probability"] for row in value["labels"]), 1, places=6)


if __name__ == "__main__":
    unittest.main()

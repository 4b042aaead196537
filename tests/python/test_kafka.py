"""One suite for every Kafka client: what is produced is consumed, whoever does it. KAFKA_BOOTSTRAP_SERVERS says against which broker.

Runs against the embedded broker and a second one in the broker's own tests, and by hand against any cluster that the variable names.
KAFKA_CLIENTS chooses some. KAFKA_DIFFERENCES names a file that says which tests a broker is known to fail: they have to.
"""

import concurrent.futures
import json
import os
import time
import unittest
import uuid

import kafka_clients

CHOSEN = os.environ.get("KAFKA_CLIENTS", "Confluent,KafkaPython,Aiokafka,Kcat").split(",")


def name(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def wait_for(what, timeout=kafka_clients.PATIENCE):
    end = time.monotonic() + timeout
    while not what():
        if time.monotonic() > end:
            raise AssertionError("it did not come to be in time")
        time.sleep(0.05)


class Suite:
    """The suite; `kind` is the client."""

    kind = None

    def setUp(self):
        self.client = self.kind()
        self.topic, self.group = name("t"), name("g")

    def test_messages_come_back_whole_and_in_order(self):
        self.client.create(self.topic)
        sent = [(b"key", f"value {n}".encode(), [("h", b"1"), ("h", b"2"), ("empty", b"")]) for n in range(100)]
        sent += [(None, b"no key", []), (b"tombstone", None, []), (b"", b"", [])]
        self.assertEqual(self.client.produce(self.topic, sent), list(range(103)))
        got = self.client.consume(self.topic, 103, self.group)
        self.assertEqual([m.offset for m in got], list(range(103)))
        self.assertEqual([m.value for m in got], [value for _, value, _ in sent])
        self.assertEqual([m.key for m in got[:102]], [key for key, _, _ in sent[:102]])
        self.assertEqual([(k, bytes(v)) for k, v in got[0].headers], sent[0][2])
        self.assertLess(abs(got[0].timestamp / 1000 - time.time()), 60)

    def test_every_codec(self):
        self.client.create(self.topic)
        for codec in self.client.codecs:
            self.client.produce(self.topic, [(None, f"{codec} {n} ".encode() * 50, []) for n in range(20)], codec)
        got = self.client.consume(self.topic, 20 * len(self.client.codecs), self.group)
        self.assertEqual([m.value for m in got], [f"{codec} {n} ".encode() * 50 for codec in self.client.codecs for n in range(20)])

    def test_a_group_goes_on_where_it_stopped(self):
        self.client.create(self.topic)
        self.client.produce(self.topic, [(None, str(n).encode(), []) for n in range(10)])
        self.assertEqual(len(self.client.consume(self.topic, 10, self.group)), 10)
        self.client.produce(self.topic, [(None, b"next", [])])
        self.assertEqual([m.value for m in self.client.consume(self.topic, 1, self.group)], [b"next"])
        self.assertEqual(self.client.committed(self.topic, self.group), 11)
        self.assertIn(self.group, self.client.groups())

    def test_members_share_the_partitions_and_take_over(self):
        self.client.create(self.topic, 4)
        first = self.client.member(self.topic, self.group)
        wait_for(lambda: first.error or len(first.partitions) == 4)
        second = self.client.member(self.topic, self.group)
        wait_for(lambda: first.error or second.error or (len(first.partitions), len(second.partitions)) == (2, 2))
        self.assertEqual(first.partitions | second.partitions, {0, 1, 2, 3})
        self.client.produce(self.topic, [(str(n).encode(), str(n).encode(), []) for n in range(200)])
        wait_for(lambda: len(first.values) + len(second.values) >= 200)
        self.assertEqual(sorted(map(int, first.values + second.values)), list(range(200)))
        first.end()
        wait_for(lambda: second.error or len(second.partitions) == 4)
        second.end()

    def transactions(self):
        """One that is aborted, one that is committed, and a message of none."""
        self.client.create(self.topic)
        transactional_id = name("tx")
        self.client.transaction(self.topic, [b"aborted 1", b"aborted 2"], transactional_id, commit=False)
        self.client.transaction(self.topic, [b"committed 1", b"committed 2"], transactional_id, commit=True)
        self.client.produce(self.topic, [(None, b"plain", [])])

    def test_what_was_aborted_is_never_seen(self):
        self.transactions()
        got = self.client.consume(self.topic, 3, self.group)
        self.assertEqual([m.value for m in got], [b"committed 1", b"committed 2", b"plain"])

    def test_who_reads_uncommitted_sees_all(self):
        self.transactions()
        dirty = self.client.consume(self.topic, 5, self.group, isolation="read_uncommitted")
        self.assertEqual([m.value for m in dirty], [b"aborted 1", b"aborted 2", b"committed 1", b"committed 2", b"plain"])

    def test_offsets_go_with_the_transaction(self):
        out, transactional_id = name("out"), name("tx")
        self.client.create(self.topic)
        self.client.create(out)
        self.client.produce(self.topic, [(None, b"in", [])])
        for commit in (False, True):
            try:
                self.client.transaction(out, [b"out"], transactional_id, commit, offsets=(self.group, self.topic, 1))
            except NotImplementedError as error:
                self.skipTest(str(error))
            self.assertEqual(self.client.committed(self.topic, self.group), 1 if commit else None)
        self.assertEqual([m.value for m in self.client.consume(out, 1, name("g"))], [b"out"])

    def test_an_idempotent_producer(self):
        self.client.create(self.topic)
        for n in range(3):
            sent = self.client.produce(self.topic, [(None, str(n).encode(), [])] * 10, idempotent=True)
            self.assertEqual(sent, list(range(10 * n, 10 * n + 10)))
        got = self.client.consume(self.topic, 30, self.group)
        self.assertEqual([m.value for m in got], [str(n).encode() for n in range(3) for _ in range(10)])

    def test_topics_are_made_and_go(self):
        self.client.create(self.topic, 2)
        self.assertEqual(self.client.topics()[self.topic], 2)
        with self.assertRaises(Exception):
            self.client.create(self.topic, 2)
        self.client.delete(self.topic)
        wait_for(lambda: self.topic not in self.client.topics())

    def test_topics_grow(self):
        self.client.create(self.topic, 2)
        self.client.grow(self.topic, 5)
        wait_for(lambda: self.client.topics()[self.topic] == 5)

    def test_settings_of_topics(self):
        self.client.create(self.topic, 1, {"retention.ms": "60000"})
        self.assertEqual(self.client.configs(self.topic)["retention.ms"], "60000")
        self.client.configure(self.topic, "cleanup.policy", "compact")
        wait_for(lambda: self.client.configs(self.topic)["cleanup.policy"] == "compact")
        with self.assertRaises(Exception):
            self.client.configure(self.topic, "no.such.setting", "1")

    def test_offsets_for_times(self):
        self.client.create(self.topic)
        self.client.produce(self.topic, [(None, b"before", [])])
        time.sleep(0.05)
        between = int(time.time() * 1000)
        time.sleep(0.05)
        self.client.produce(self.topic, [(None, b"after", []), (None, b"later", [])])
        self.assertEqual(self.client.at_time(self.topic, between), 1)
        self.assertEqual(self.client.at_time(self.topic, 0), 0)

    def test_no_offset_for_a_time_to_come(self):
        self.client.create(self.topic)
        self.client.produce(self.topic, [(None, b"a", []), (None, b"b", []), (None, b"c", [])])
        self.assertIn(self.client.at_time(self.topic, int(time.time() * 1000) + 3_600_000), (-1, 3))

    def test_a_group_is_deleted_once_it_is_empty(self):
        self.client.create(self.topic)
        self.client.produce(self.topic, [(None, b"x", [])])
        self.client.consume(self.topic, 1, self.group)
        try:
            self.client.delete_group(self.group)
        except NotImplementedError as error:
            self.skipTest(str(error))
        self.assertNotIn(self.group, self.client.groups())
        self.assertEqual(len(self.client.consume(self.topic, 1, self.group)), 1)


class ConfluentTest(Suite, unittest.TestCase):
    kind = kafka_clients.Confluent

    def test_the_new_protocol_of_groups(self):
        """KIP-848: the broker assigns."""
        self.client.create(self.topic, 4)
        new = {"group_protocol": "consumer"}
        first = self.client.member(self.topic, self.group, **new)
        wait_for(lambda: first.error or len(first.partitions) == 4)
        second = self.client.member(self.topic, self.group, **new)
        wait_for(lambda: first.error or second.error or (len(first.partitions), len(second.partitions)) == (2, 2))
        self.client.produce(self.topic, [(str(n).encode(), str(n).encode(), []) for n in range(100)])
        wait_for(lambda: len(first.values) + len(second.values) >= 100)
        self.assertEqual(sorted(map(int, first.values + second.values)), list(range(100)))
        first.end()
        wait_for(lambda: second.error or len(second.partitions) == 4)
        second.end()

    def test_a_static_member_comes_back_to_its_partitions(self):
        self.client.create(self.topic, 2)
        options = {"group_instance_id": "one", "session_timeout_ms": 10000}
        first = self.client.member(self.topic, self.group, **options)
        wait_for(lambda: first.error or len(first.partitions) == 2)
        first.end()
        again = self.client.member(self.topic, self.group, **options)
        wait_for(lambda: again.error or len(again.partitions) == 2)
        again.end()

    def test_offsets_go_with_the_transaction(self):
        """Read, work, write: the offset is committed if and only if what was written is."""
        self.client.create(self.topic)
        out = name("out")
        self.client.create(out)
        self.client.produce(self.topic, [(None, b"in", [])])
        for commit in (False, True):
            consumer = self.client.consumer(self.group)
            consumer.subscribe([self.topic])
            wait_for(lambda: (m := consumer.poll(0.2)) is not None and not m.error())
            producer = self.client.lib.Producer({"bootstrap.servers": kafka_clients.SERVERS, "transactional.id": self.group})
            producer.init_transactions(20)
            producer.begin_transaction()
            producer.produce(out, b"out")
            positions = consumer.position(consumer.assignment())
            producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata(), 20)
            producer.commit_transaction(20) if commit else producer.abort_transaction(20)
            consumer.close()
            self.assertEqual(self.client.committed(self.topic, self.group), 1 if commit else None)
        self.assertEqual([m.value for m in self.client.consume(out, 1, name("g"))], [b"out"])

    def test_nothing_is_lost_while_members_come_and_go(self):
        """10 partitions, 3 members of which one a second leaves and another joins; KAFKA_CHURN_SECS=60 for the long run."""
        self.client.create(self.topic, 10)
        options = {"enable_auto_commit": True, "auto_commit_interval_ms": 200, "partition_assignment_strategy": "cooperative-sticky"}
        members, gone, sent = [self.client.member(self.topic, self.group, **options) for _ in range(3)], [], 0
        wait_for(lambda: sum(len(m.partitions) for m in members) == 10)
        for _ in range(int(os.environ.get("KAFKA_CHURN_SECS", "6"))):
            self.client.produce(self.topic, [(str(n).encode(), str(n).encode(), []) for n in range(sent, sent + 500)])
            sent += 500
            gone.append(members.pop(0))
            gone[-1].end()
            members.append(self.client.member(self.topic, self.group, **options))
            time.sleep(1)
        read = lambda: [value for m in gone + members for value in m.values]
        wait_for(lambda: len(set(read())) == sent)
        [m.end() for m in members]
        twice = len(read()) - sent
        print(f"{sent} messages, {len(gone)} members left, {twice} came twice")
        self.assertLess(twice, sent * 0.05, f"{twice} of {sent} came twice")

    def test_a_message_beyond_the_limit_is_refused(self):
        self.client.create(self.topic, 1, {"max.message.bytes": "1000"})
        [refused] = self.client.produce(self.topic, [(None, os.urandom(2000), [])])
        self.assertNotIsInstance(refused, int, "it was taken, at this offset")
        self.assertEqual(refused.name(), "MSG_SIZE_TOO_LARGE")


class KafkaPythonTest(Suite, unittest.TestCase):
    kind = kafka_clients.KafkaPython


class AiokafkaTest(Suite, unittest.TestCase):
    kind = kafka_clients.Aiokafka


class KcatTest(Suite, unittest.TestCase):
    kind = kafka_clients.Kcat


class AtOnce(unittest.TestSuite):
    """Some tests at a time: they wait for brokers and groups, most of their time, and share nothing."""

    def run(self, result, debug=False):
        with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("KAFKA_TESTS_AT_ONCE", "4"))) as pool:
            list(pool.map(lambda test: test(result), self))
        return result


def load_tests(loader, tests, pattern):
    """Only the chosen clients. What a broker is known to fail is expected to fail: where it passes, the run fails. What fails now and then is not run."""
    cases = {"Confluent": ConfluentTest, "KafkaPython": KafkaPythonTest, "Aiokafka": AiokafkaTest, "Kcat": KcatTest}
    differences = {}
    if "KAFKA_DIFFERENCES" in os.environ:
        with open(os.environ["KAFKA_DIFFERENCES"], encoding="utf-8") as file:
            differences = json.load(file)
    suite = AtOnce()
    for chosen in CHOSEN:
        case, known = cases[chosen], differences.get(chosen, {})
        # A client that can't connect fails whatever it does; one test says whether that is still so.
        names = ["test_topics_are_made_and_go"] if "*" in known else loader.getTestCaseNames(case)
        for test in names if "*" in known else known:
            reason = known.get(test, "")
            mark = unittest.skip(reason) if reason.startswith("not run: ") else unittest.expectedFailure
            setattr(case, test, mark(getattr(case, test)))
        suite.addTests(map(case, names))
    return suite


if __name__ == "__main__":
    unittest.main()

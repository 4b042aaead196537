"""Four Kafka clients behind one small face, so that one suite walks them all: confluent-kafka (librdkafka), kafka-python, aiokafka and kcat.

A message is (key, value, headers, partition, offset, timestamp). Whatever a client can't do raises NotImplementedError with its reason.
"""

import asyncio
import collections
import json
import os
import re
import signal
import subprocess
import threading
import time

SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
# How long a client waits for what must come. A broker of which it is known what never comes is asked more shortly.
PATIENCE = int(os.environ.get("KAFKA_PATIENCE_SECS", "30"))
# For a broker whose groups wait for a part of the session's length; without it each client's own default.
SESSION_MS = os.environ.get("KAFKA_SESSION_TIMEOUT_MS")
SESSION = {"session_timeout_ms": int(SESSION_MS), "heartbeat_interval_ms": int(SESSION_MS) // 4} if SESSION_MS else {}
Message = collections.namedtuple("Message", "key value headers partition offset timestamp")


class Confluent:
    """librdkafka under Confluent's Python package."""

    codecs = ["none", "gzip", "snappy", "lz4", "zstd"]

    def __init__(self):
        import confluent_kafka
        from confluent_kafka import admin

        self.lib, self.lib_admin = confluent_kafka, admin
        self.admin = admin.AdminClient({"bootstrap.servers": SERVERS})

    def create(self, topic, partitions=1, configs=None):
        new = self.lib_admin.NewTopic(topic, partitions, 1, config=configs or {})
        [future.result(PATIENCE) for future in self.admin.create_topics([new]).values()]

    def delete(self, topic):
        [future.result(PATIENCE) for future in self.admin.delete_topics([topic]).values()]

    def grow(self, topic, count):
        [f.result(PATIENCE) for f in self.admin.create_partitions([self.lib_admin.NewPartitions(topic, count)]).values()]

    def topics(self):
        return {name: len(t.partitions) for name, t in self.admin.list_topics(timeout=PATIENCE).topics.items()}

    def configs(self, topic):
        resource = self.lib_admin.ConfigResource(self.lib_admin.ConfigResource.Type.TOPIC, topic)
        [future] = self.admin.describe_configs([resource]).values()
        return {name: entry.value for name, entry in future.result(PATIENCE).items()}

    def configure(self, topic, name, value):
        entry = self.lib_admin.ConfigEntry(name, value, incremental_operation=self.lib_admin.AlterConfigOpType.SET)
        resource = self.lib_admin.ConfigResource(self.lib_admin.ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
        [future.result(PATIENCE) for future in self.admin.incremental_alter_configs([resource]).values()]

    def groups(self):
        return {group.group_id for group in self.admin.list_consumer_groups().result(PATIENCE).valid}

    def delete_group(self, group):
        [future.result(PATIENCE) for future in self.admin.delete_consumer_groups([group]).values()]

    def produce(self, topic, messages, codec="none", idempotent=False):
        """Messages are (key, value, headers); the offsets that they got, or the errors."""
        config = {"bootstrap.servers": SERVERS, "compression.type": codec, "enable.idempotence": idempotent, "linger.ms": 20}
        producer, got = self.lib.Producer(config), []
        for key, value, headers in messages:
            producer.produce(topic, value, key, headers=headers, on_delivery=lambda error, m: got.append(error or m.offset()))
        assert producer.flush(PATIENCE) == 0
        return got

    def transaction(self, topic, values, transactional_id, commit, offsets=None):
        assert offsets is None, "offsets have a test of their own with this client"
        producer = self.lib.Producer({"bootstrap.servers": SERVERS, "transactional.id": transactional_id})
        producer.init_transactions(PATIENCE)
        producer.begin_transaction()
        for value in values:
            producer.produce(topic, value)
        producer.flush(PATIENCE)
        producer.commit_transaction(PATIENCE) if commit else producer.abort_transaction(PATIENCE)

    def consumer(self, group, **options):
        config = {"bootstrap.servers": SERVERS, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        config.update({name.replace("_", "."): value for name, value in {**SESSION, **options}.items()})
        return self.lib.Consumer(config)

    def consume(self, topic, count, group, commit=True, isolation="read_committed", timeout=PATIENCE):
        consumer, got, end = self.consumer(group, isolation_level=isolation), [], time.monotonic() + timeout
        consumer.subscribe([topic])
        try:
            while len(got) < count and time.monotonic() < end:
                m = consumer.poll(0.2)
                if m is not None:
                    assert not m.error(), m.error()
                    got.append(Message(m.key(), m.value(), m.headers() or [], m.partition(), m.offset(), m.timestamp()[1]))
            if commit and got:
                consumer.commit(asynchronous=False)
        finally:
            consumer.close()
        return got

    def committed(self, topic, group):
        consumer = self.consumer(group)
        [at] = consumer.committed([self.lib.TopicPartition(topic, 0)], PATIENCE)
        consumer.close()
        return at.offset if at.offset >= 0 else None

    def at_time(self, topic, timestamp):
        consumer = self.consumer("times")
        [at] = consumer.offsets_for_times([self.lib.TopicPartition(topic, 0, timestamp)], PATIENCE)
        consumer.close()
        return at.offset

    def member(self, topic, group, **options):
        """A member that reads in a thread of its own: its partitions, its messages, a way to end it."""
        return Member(self._read, topic, group, options)

    def _read(self, member, topic, group, options):
        consumer = self.consumer(group, **options)
        consumer.subscribe([topic], on_assign=lambda c, parts: None)
        while not member.over:
            m = consumer.poll(0.1)
            member.partitions = {p.partition for p in consumer.assignment()}
            if m is not None and not m.error():
                member.values.append(m.value())
        consumer.close()


class Member:
    def __init__(self, read, *args):
        self.over, self.partitions, self.values, self.error = False, set(), [], None

        def run():
            try:
                read(self, *args)
            except Exception as error:  # told by whoever waits
                self.error = error

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def end(self):
        self.over = True
        self.thread.join(30)
        assert not self.thread.is_alive() and self.error is None, self.error


class KafkaPython:
    """kafka-python, pure Python."""

    codecs = ["none", "gzip", "snappy", "lz4", "zstd"]

    def __init__(self):
        import kafka
        import kafka.admin

        self.lib = kafka
        self.admin = kafka.KafkaAdminClient(bootstrap_servers=SERVERS)

    def create(self, topic, partitions=1, configs=None):
        self.admin.create_topics([self.lib.admin.NewTopic(topic, partitions, 1, topic_configs=configs or {})])

    def delete(self, topic):
        self.admin.delete_topics([topic])

    def grow(self, topic, count):
        self.admin.create_partitions({topic: self.lib.admin.NewPartitions(count)})

    def topics(self):
        return {t["name"]: len(t["partitions"]) for t in self.admin.describe_topics()}

    def configs(self, topic):
        resource = self.lib.admin.ConfigResource("topic", topic)
        told = self.admin.describe_configs([resource], config_filter="all")["topic"][topic]
        return {name: entry["value"] for name, entry in told.items()}

    def configure(self, topic, name, value):
        resource = self.lib.admin.ConfigResource("topic", topic, {name: value})
        outcome = self.admin.alter_configs([resource], raise_on_unknown=False)["topic"][topic]
        assert outcome == "OK", outcome

    def groups(self):
        return {g["group_id"] if isinstance(g, dict) else g[0] for g in self.admin.list_groups()}

    def delete_group(self, group):
        self.admin.delete_groups([group])

    def produce(self, topic, messages, codec="none", idempotent=False):
        options = {"compression_type": None if codec == "none" else codec, "linger_ms": 20, "enable_idempotence": idempotent}
        producer = self.lib.KafkaProducer(bootstrap_servers=SERVERS, **options)
        sent = [producer.send(topic, value, key, headers=headers) for key, value, headers in messages]
        offsets = [future.get(PATIENCE).offset for future in sent]
        producer.close()
        return offsets

    def transaction(self, topic, values, transactional_id, commit, offsets=None):
        producer = self.lib.KafkaProducer(bootstrap_servers=SERVERS, transactional_id=transactional_id)
        producer.init_transactions()
        producer.begin_transaction()
        [producer.send(topic, value) for value in values]
        producer.flush()
        if offsets:
            group, of, offset = offsets
            at = {self.lib.TopicPartition(of, 0): self.lib.structs.OffsetAndMetadata(offset, "", -1)}
            producer.send_offsets_to_transaction(at, group)
        producer.commit_transaction() if commit else producer.abort_transaction()
        producer.close()

    def consumer(self, *topics, group, **options):
        config = {"auto_offset_reset": "earliest", "enable_auto_commit": False, **SESSION, **options}
        return self.lib.KafkaConsumer(*topics, bootstrap_servers=SERVERS, group_id=group, **config)

    def consume(self, topic, count, group, commit=True, isolation="read_committed", timeout=PATIENCE):
        consumer, got, end = self.consumer(topic, group=group, isolation_level=isolation), [], time.monotonic() + timeout
        while len(got) < count and time.monotonic() < end:
            for batch in consumer.poll(200).values():
                got += [Message(m.key, m.value, list(m.headers), m.partition, m.offset, m.timestamp) for m in batch]
        if commit and got:
            consumer.commit()
        consumer.close()
        return got

    def committed(self, topic, group):
        consumer = self.consumer(group=group)
        offset = consumer.committed(self.lib.TopicPartition(topic, 0))
        consumer.close()
        return offset

    def at_time(self, topic, timestamp):
        consumer, at = self.consumer(group=None), self.lib.TopicPartition(topic, 0)
        found = consumer.offsets_for_times({at: timestamp})[at]
        consumer.close()
        return found.offset if found else -1

    def member(self, topic, group, **options):
        return Member(self._read, topic, group, options)

    def _read(self, member, topic, group, options):
        consumer = self.consumer(topic, group=group, **options)
        while not member.over:
            for batch in consumer.poll(100).values():
                member.values += [m.value for m in batch]
            member.partitions = {p.partition for p in consumer.assignment()}
        consumer.close()


class Aiokafka:
    """aiokafka, on asyncio; each call runs a loop of its own."""

    codecs = ["none", "gzip", "snappy", "lz4", "zstd"]

    def __init__(self):
        import aiokafka
        import aiokafka.admin

        self.lib = aiokafka

    def _admin(self, work):
        async def run():
            admin = self.lib.admin.AIOKafkaAdminClient(bootstrap_servers=SERVERS)
            await admin.start()
            try:
                return await work(admin)
            finally:
                await admin.close()

        return asyncio.run(run())

    def create(self, topic, partitions=1, configs=None):
        new = self.lib.admin.NewTopic(topic, partitions, 1, topic_configs=configs or {})
        answer = self._admin(lambda admin: admin.create_topics([new]))
        assert all(error[1] == 0 for error in answer.topic_errors), answer

    def delete(self, topic):
        self._admin(lambda admin: admin.delete_topics([topic]))

    def grow(self, topic, count):
        self._admin(lambda admin: admin.create_partitions({topic: self.lib.admin.NewPartitions(count)}))

    def topics(self):
        described = self._admin(lambda admin: admin.describe_topics())
        return {t["topic"]: len(t["partitions"]) for t in described}

    def configs(self, topic):
        resource = self.lib.admin.config_resource.ConfigResource(self.lib.admin.config_resource.ConfigResourceType.TOPIC, topic)
        [answer] = self._admin(lambda admin: admin.describe_configs([resource]))
        [(_, _, _, _, entries)] = answer.resources
        return {entry[0]: entry[1] for entry in entries}

    def configure(self, topic, name, value):
        """By AlterConfigs, which sets what it doesn't name back to its default."""
        kind = self.lib.admin.config_resource.ConfigResourceType.TOPIC
        resource = self.lib.admin.config_resource.ConfigResource(kind, topic, {name: value})
        [answer] = self._admin(lambda admin: admin.alter_configs([resource]))
        assert all(error[0] == 0 for error in answer.resources), answer

    def groups(self):
        return {group[0] for group in self._admin(lambda admin: admin.list_consumer_groups())}

    def delete_group(self, group):
        raise NotImplementedError("aiokafka deletes no groups")

    def produce(self, topic, messages, codec="none", idempotent=False):
        async def run():
            compression = None if codec == "none" else codec
            options = {"compression_type": compression, "linger_ms": 20, "enable_idempotence": idempotent}
            async with self.lib.AIOKafkaProducer(bootstrap_servers=SERVERS, **options) as producer:
                sent = [await producer.send(topic, value, key, headers=headers) for key, value, headers in messages]
                return [(await future).offset for future in sent]

        return asyncio.run(run())

    def transaction(self, topic, values, transactional_id, commit, offsets=None):
        async def run():
            async with self.lib.AIOKafkaProducer(bootstrap_servers=SERVERS, transactional_id=transactional_id) as producer:
                await producer.begin_transaction()
                for value in values:
                    await producer.send_and_wait(topic, value)
                if offsets:
                    group, of, offset = offsets
                    await producer.send_offsets_to_transaction({self.lib.TopicPartition(of, 0): offset}, group)
                await (producer.commit_transaction() if commit else producer.abort_transaction())

        asyncio.run(run())

    def _consumer(self, *topics, group, **options):
        config = {"auto_offset_reset": "earliest", "enable_auto_commit": False, **SESSION, **options}
        return self.lib.AIOKafkaConsumer(*topics, bootstrap_servers=SERVERS, group_id=group, **config)

    def consume(self, topic, count, group, commit=True, isolation="read_committed", timeout=PATIENCE):
        async def run():
            got, end = [], time.monotonic() + timeout
            async with self._consumer(topic, group=group, isolation_level=isolation) as consumer:
                while len(got) < count and time.monotonic() < end:
                    for batch in (await consumer.getmany(timeout_ms=200)).values():
                        got.extend(Message(m.key, m.value, list(m.headers), m.partition, m.offset, m.timestamp) for m in batch)
                if commit and got:
                    await consumer.commit()
            return got

        return asyncio.run(run())

    def committed(self, topic, group):
        async def run():
            async with self._consumer(group=group) as consumer:
                return await consumer.committed(self.lib.TopicPartition(topic, 0))

        return asyncio.run(run())

    def at_time(self, topic, timestamp):
        async def run():
            at = self.lib.TopicPartition(topic, 0)
            async with self._consumer(group=None) as consumer:
                found = (await consumer.offsets_for_times({at: timestamp}))[at]
                return found.offset if found else -1

        return asyncio.run(run())

    def member(self, topic, group, **options):
        return Member(self._read, topic, group, options)

    def _read(self, member, topic, group, options):
        async def run():
            async with self._consumer(topic, group=group, **options) as consumer:
                while not member.over:
                    for batch in (await consumer.getmany(timeout_ms=100)).values():
                        member.values += [m.value for m in batch]
                    member.partitions = {p.partition for p in consumer.assignment()}

        asyncio.run(run())


class Kcat:
    """kcat, a command. It administers nothing: topics and groups are made and looked at with confluent-kafka."""

    codecs = ["none", "gzip", "snappy", "lz4", "zstd"]

    def __init__(self):
        other = Confluent()
        for face in ["create", "delete", "grow", "groups", "delete_group", "configs", "configure", "committed"]:
            setattr(self, face, getattr(other, face))

    def _command(self, *arguments):
        return ["kcat", "-b", SERVERS, "-m", str(PATIENCE), *arguments]

    def _run(self, *arguments, input=""):
        done = subprocess.run(self._command(*arguments), input=input, capture_output=True, text=True, timeout=2 * PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def topics(self):
        told = json.loads(self._run("-L", "-J"))["topics"]
        return {topic["topic"]: len(topic["partitions"]) for topic in told}

    def produce(self, topic, messages, codec="none", idempotent=False):
        """One run for each stretch of messages that have the same headers and lack the same parts."""
        at = self.at_time(topic, -1)
        options = ["-P", "-t", topic, "-z", codec, "-X", "linger.ms=20", "-X", f"enable.idempotence={str(idempotent).lower()}"]
        stretch, like = [], None
        for key, value, headers in [*messages, (None, None, None)]:
            one = (key is None, value is None, headers)
            if one != like and stretch:
                delimiters = [] if like[0] else ["-K", "\t"]
                named = [word for name, value in like[2] for word in ("-H", f"{name}={value.decode()}")]
                # -Z makes nothing of what is empty; without it empty is empty.
                self._run(*options, *delimiters, *named, *(["-Z"] if like[1] else []), input="".join(stretch))
                stretch = []
            like = one
            stretch.append(("" if key is None else key.decode() + "\t") + (value or b"").decode() + "\n")
        return list(range(at, at + len(messages)))

    def transaction(self, topic, values, transactional_id, commit, offsets=None):
        """Commits at the end of its input; a signal before that makes it abort."""
        if offsets:
            raise NotImplementedError("kcat sends no offsets with a transaction")
        command = self._command("-P", "-t", topic, "-X", f"transactional.id={transactional_id}", "-X", "linger.ms=0")
        kcat = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        kcat.stdin.write(b"".join(value + b"\n" for value in values))
        # It reads by the kilobyte: a line that does not end makes it take those before.
        kcat.stdin.write(b"" if commit else b"x" * 4096)
        kcat.stdin.flush()
        if not commit:
            end = time.monotonic() + PATIENCE
            while len(self.consume(topic, len(values), None, isolation="read_uncommitted", timeout=1)) < len(values):
                assert time.monotonic() < end, "what a transaction wrote is not seen"
            kcat.send_signal(signal.SIGINT)
            # It hears of the signal once it has read on.
            kcat.stdin.write(b"x" * 4096)
        kcat.communicate(timeout=PATIENCE)

    def consume(self, topic, count, group, commit=True, isolation="read_committed", timeout=PATIENCE):
        options = ["-J", "-q", "-u", "-c", str(count), "-X", f"isolation.level={isolation}", "-X", "auto.offset.reset=earliest"]
        where = ["-C", "-t", topic, "-o", "beginning", "-e"] if group is None else ["-G", group]
        session = [word for name, value in SESSION.items() for word in ("-X", f"{name.replace('_', '.')}={value}")]
        command = self._command(*where, *options, *session, *([] if group is None else [topic]))
        try:
            out = subprocess.run(command, capture_output=True, timeout=timeout).stdout
        except subprocess.TimeoutExpired as late:
            out = late.stdout or b""
        return [kcat_message(line) for line in out.splitlines()]

    def at_time(self, topic, timestamp):
        return int(self._run("-Q", "-t", f"{topic}:0:{timestamp}").rsplit(" ", 1)[1])

    def member(self, topic, group, **options):
        return Member(self._read, topic, group, options)

    def _read(self, member, topic, group, options):
        settings = {"auto_offset_reset": "earliest", **SESSION, **options}
        named = [word for name, value in settings.items() for word in ("-X", f"{name.replace('_', '.')}={value}")]
        kcat = subprocess.Popen(self._command("-G", group, "-J", "-u", *named, topic), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        def hear():
            for line in kcat.stderr:
                if b": assigned: " in line:
                    member.partitions |= {int(n) for n in re.findall(rb"\[(\d+)\]", line)}
                elif b": revoked: " in line:
                    member.partitions -= {int(n) for n in re.findall(rb"\[(\d+)\]", line)}

        def read():
            for line in kcat.stdout:
                member.values.append(kcat_message(line).value)

        readers = [threading.Thread(target=work, daemon=True) for work in (hear, read)]
        [reader.start() for reader in readers]
        while not member.over and kcat.poll() is None:
            time.sleep(0.05)
        kcat.send_signal(signal.SIGINT)
        kcat.wait(PATIENCE)
        [reader.join(PATIENCE) for reader in readers]


def kcat_message(line):
    """A line of kcat's JSON."""
    told = json.loads(line)
    headers = told.get("headers") or []
    pairs = [(headers[n], headers[n + 1].encode()) for n in range(0, len(headers), 2)]
    part = lambda name: None if told[name] is None else told[name].encode()
    return Message(part("key"), part("payload"), pairs, told["partition"], told["offset"], told["ts"])

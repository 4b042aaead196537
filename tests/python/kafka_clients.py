"""Three Kafka clients behind one small face, so that one suite walks them all: confluent-kafka (librdkafka), kafka-python, aiokafka.

A message is (key, value, headers, partition, offset, timestamp). Whatever a client can't do raises NotImplementedError with its reason.
"""

import asyncio
import collections
import os
import threading
import time

SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
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
        [future.result(20) for future in self.admin.create_topics([new]).values()]

    def delete(self, topic):
        [future.result(20) for future in self.admin.delete_topics([topic]).values()]

    def grow(self, topic, count):
        [f.result(20) for f in self.admin.create_partitions([self.lib_admin.NewPartitions(topic, count)]).values()]

    def topics(self):
        return {name: len(t.partitions) for name, t in self.admin.list_topics(timeout=20).topics.items()}

    def configs(self, topic):
        resource = self.lib_admin.ConfigResource(self.lib_admin.ConfigResource.Type.TOPIC, topic)
        [future] = self.admin.describe_configs([resource]).values()
        return {name: entry.value for name, entry in future.result(20).items()}

    def configure(self, topic, name, value):
        entry = self.lib_admin.ConfigEntry(name, value, incremental_operation=self.lib_admin.AlterConfigOpType.SET)
        resource = self.lib_admin.ConfigResource(self.lib_admin.ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
        [future.result(20) for future in self.admin.incremental_alter_configs([resource]).values()]

    def groups(self):
        return {group.group_id for group in self.admin.list_consumer_groups().result(20).valid}

    def delete_group(self, group):
        [future.result(20) for future in self.admin.delete_consumer_groups([group]).values()]

    def produce(self, topic, messages, codec="none", **options):
        """Messages are (key, value, headers); the offsets that they got."""
        config = {"bootstrap.servers": SERVERS, "compression.type": codec, "enable.idempotence": True, "linger.ms": 20}
        config.update({name.replace("_", "."): value for name, value in options.items()})
        producer, got = self.lib.Producer(config), []
        for key, value, headers in messages:
            producer.produce(topic, value, key, headers=headers, on_delivery=lambda error, m: got.append(error or m.offset()))
        assert producer.flush(30) == 0
        return got

    def transaction(self, topic, values, transactional_id, commit):
        producer = self.lib.Producer({"bootstrap.servers": SERVERS, "transactional.id": transactional_id})
        producer.init_transactions(20)
        producer.begin_transaction()
        for value in values:
            producer.produce(topic, value)
        producer.flush(20)
        producer.commit_transaction(20) if commit else producer.abort_transaction(20)

    def consumer(self, group, **options):
        config = {"bootstrap.servers": SERVERS, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        config.update({name.replace("_", "."): value for name, value in options.items()})
        return self.lib.Consumer(config)

    def consume(self, topic, count, group, commit=True, isolation="read_committed", timeout=30):
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
        [at] = consumer.committed([self.lib.TopicPartition(topic, 0)], 20)
        consumer.close()
        return at.offset if at.offset >= 0 else None

    def at_time(self, topic, timestamp):
        consumer = self.consumer("times")
        [at] = consumer.offsets_for_times([self.lib.TopicPartition(topic, 0, timestamp)], 20)
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
        raise NotImplementedError("the form of its answers differs between versions")

    configure = None

    def groups(self):
        return {g["group_id"] if isinstance(g, dict) else g[0] for g in self.admin.list_groups()}

    def delete_group(self, group):
        self.admin.delete_groups([group])

    def produce(self, topic, messages, codec="none"):
        producer = self.lib.KafkaProducer(bootstrap_servers=SERVERS, compression_type=None if codec == "none" else codec, linger_ms=20)
        sent = [producer.send(topic, value, key, headers=headers) for key, value, headers in messages]
        offsets = [future.get(20).offset for future in sent]
        producer.close()
        return offsets

    def transaction(self, topic, values, transactional_id, commit):
        producer = self.lib.KafkaProducer(bootstrap_servers=SERVERS, transactional_id=transactional_id)
        producer.init_transactions()
        producer.begin_transaction()
        [producer.send(topic, value) for value in values]
        producer.flush()
        producer.commit_transaction() if commit else producer.abort_transaction()
        producer.close()

    def consumer(self, *topics, group, **options):
        config = {"auto_offset_reset": "earliest", "enable_auto_commit": False, **options}
        return self.lib.KafkaConsumer(*topics, bootstrap_servers=SERVERS, group_id=group, **config)

    def consume(self, topic, count, group, commit=True, isolation="read_committed", timeout=30):
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
        raise NotImplementedError("the form of its answers differs between versions")

    def groups(self):
        return {group[0] for group in self._admin(lambda admin: admin.list_consumer_groups())}

    def delete_group(self, group):
        raise NotImplementedError("aiokafka deletes no groups")

    def produce(self, topic, messages, codec="none"):
        async def run():
            compression = None if codec == "none" else codec
            options = {"compression_type": compression, "linger_ms": 20, "enable_idempotence": True}
            async with self.lib.AIOKafkaProducer(bootstrap_servers=SERVERS, **options) as producer:
                sent = [await producer.send(topic, value, key, headers=headers) for key, value, headers in messages]
                return [(await future).offset for future in sent]

        return asyncio.run(run())

    def transaction(self, topic, values, transactional_id, commit):
        async def run():
            async with self.lib.AIOKafkaProducer(bootstrap_servers=SERVERS, transactional_id=transactional_id) as producer:
                await producer.begin_transaction()
                for value in values:
                    await producer.send_and_wait(topic, value)
                await (producer.commit_transaction() if commit else producer.abort_transaction())

        asyncio.run(run())

    def _consumer(self, *topics, group, **options):
        config = {"auto_offset_reset": "earliest", "enable_auto_commit": False, **options}
        return self.lib.AIOKafkaConsumer(*topics, bootstrap_servers=SERVERS, group_id=group, **config)

    def consume(self, topic, count, group, commit=True, isolation="read_committed", timeout=30):
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

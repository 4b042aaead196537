"""How fast brokers are, side by side: one librdkafka client, the same work for each, one after the other.

    python kafka_figures.py [--messages N] [--only-produce] NAME=SERVERS[=PID] ... [mock]

Messages of 100 bytes to one partition with acks=all, all of them read again, and the time that a new group with default settings needs to its first message.
With a PID the broker's own processor seconds and its resident memory are told. `mock` is librdkafka's own cluster inside the client: it is only produced
to, for nothing but that client reaches it, and it throws away what is beyond 5 MiB of a partition.
"""

import os
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

VALUE = b"x" * 100
TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    """Processor seconds of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


class Stopwatch:
    """Wall and processor seconds from its making."""

    def __init__(self, pid):
        self.pid, self.wall, self.cpu, self.mine = pid, time.monotonic(), cpu(pid) if pid else 0, cpu("self")

    def says(self, what, messages):
        wall = time.monotonic() - self.wall
        mine = cpu("self") - self.mine
        line = f"  {what}: {messages / wall:,.0f} messages/s by the clock; client {mine:.1f} s"
        if self.pid:
            used = max(cpu(self.pid) - self.cpu, 0.01)
            line += f"; broker {used:.1f} s, {messages / used:,.0f} messages a processor second, {resident_mb(self.pid):,.0f} MB resident"
        print(line, flush=True)


def produce(config, topic, messages):
    failed = []
    producer = Producer({"acks": "all", "linger.ms": 5, "queue.buffering.max.messages": 200_000, **config})

    def acknowledged(error, _):
        if error:
            failed.append(error)

    for _ in range(messages):
        while True:
            try:
                producer.produce(topic, VALUE, partition=0, on_delivery=acknowledged)
                break
            except BufferError:
                producer.poll(0.01)
        producer.poll(0)
    assert producer.flush(120) == 0 and not failed, failed[:1]


def read(servers, topic, messages):
    # The client stops asking for a second once it holds 100,000 messages; what is measured is not how often it falls asleep.
    client = {"fetch.queue.backoff.ms": 1, "queued.max.messages.kbytes": 65536}
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "reader", "enable.auto.commit": False, **client})
    consumer.assign([TopicPartition(topic, 0, 0)])
    seen, end = 0, time.monotonic() + 120 + messages / 10_000
    while seen < messages and time.monotonic() < end:
        seen += len(consumer.consume(10_000, timeout=0.2))
    consumer.close()
    if seen < messages:
        print(f"  only {seen} of {messages} could be read again")


def first_message(servers, topic):
    began = time.monotonic()
    consumer = Consumer({"bootstrap.servers": servers, "group.id": f"fresh-{began}", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    while consumer.poll(0.5) is None:
        if time.monotonic() - began > 60:
            print("  first message of a group: none in 60 s")
            break
    else:
        print(f"  first message of a group with default settings: {(time.monotonic() - began) * 1000:,.0f} ms")
    consumer.close()


def walk(name, servers, pid, messages, only_produce):
    print(name, flush=True)
    topic = f"figures-{messages}"
    if name == "mock":
        watch = Stopwatch(None)
        produce({"bootstrap.servers": "mock", "test.mock.num.brokers": 1}, topic, messages)
        return watch.says("produce", messages)
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    produce({"bootstrap.servers": servers}, topic, 1000)
    watch = Stopwatch(pid)
    produce({"bootstrap.servers": servers}, topic, messages)
    watch.says("produce", messages)
    if not only_produce:
        watch = Stopwatch(pid)
        read(servers, topic, messages + 1000)
        watch.says("read", messages)
        first_message(servers, topic)


def main(arguments):
    only_produce = "--only-produce" in arguments
    messages = int(arguments[arguments.index("--messages") + 1]) if "--messages" in arguments else 300_000
    for argument in arguments:
        if argument == "mock" or "=" in argument:
            name, servers, pid = (argument.split("=") + ["", ""])[:3]
            walk(name, servers, pid or None, messages, only_produce)


if __name__ == "__main__":
    main(sys.argv[1:])

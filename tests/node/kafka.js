// Kafka through kafkajs, with nothing set otherwise than by default. KAFKA_BOOTSTRAP_SERVERS says against which broker. Prints a line for each
// thing that works, throws at the first that doesn't. (kafkajs packs with gzip alone unless it is given other codecs.)
"use strict";

const assert = require("node:assert/strict");
const { randomUUID } = require("node:crypto");
const { setTimeout: sleep } = require("node:timers/promises");
const { Kafka, CompressionTypes, logLevel } = require("kafkajs");

const kafka = new Kafka({ clientId: "node", brokers: process.env.KAFKA_BOOTSTRAP_SERVERS.split(","), logLevel: logLevel.NOTHING });
const admin = kafka.admin();
const name = (prefix) => `${prefix}-${randomUUID().slice(0, 8)}`;

const create = async (numPartitions = 1) => {
  const topic = name("t");
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
  return topic;
};

const until = async (what, ms = 30000) => {
  const end = Date.now() + ms;
  while (!what()) {
    assert.ok(Date.now() < end, "it did not come to be in time");
    await sleep(50);
  }
};

const produce = async (topic, messages, options = {}) => {
  const producer = kafka.producer({ idempotent: true });
  await producer.connect();
  const answer = await producer.send({ topic, messages, ...options });
  await producer.disconnect();
  return answer;
};

const member = async (topic, groupId, options = {}) => {
  const consumer = kafka.consumer({ groupId, ...options });
  const read = { messages: [], partitions: [] };
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => (read.partitions = payload.memberAssignment[topic] ?? []));
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ partition, message }) => void read.messages.push({ partition, ...message }) });
  return { read, end: () => consumer.disconnect() };
};

const values = (read) => read.messages.map((m) => m.value.toString());

const tests = {
  async "messages with headers, plain and packed"() {
    const topic = await create();
    const plain = [{ key: "k", value: "plain", headers: { one: "1", two: ["2", "3"] } }, { key: null, value: "no key" }, { key: "gone", value: null }];
    assert.equal((await produce(topic, plain))[0].errorCode, 0);
    await produce(topic, [{ value: "packed ".repeat(100) }], { compression: CompressionTypes.GZIP });
    const reader = await member(topic, name("g"));
    await until(() => reader.read.messages.length === 4);
    await reader.end();
    const [first, second, third, fourth] = reader.read.messages;
    assert.deepEqual([first.key.toString(), first.value.toString(), first.headers.one.toString()], ["k", "plain", "1"]);
    assert.deepEqual(first.headers.two.map(String), ["2", "3"]);
    assert.deepEqual([second.key, third.value, fourth.value.toString()], [null, null, "packed ".repeat(100)]);
  },

  async "a group shares, takes over and goes on where it stopped"() {
    const [topic, group] = [await create(4), name("g")];
    const one = await member(topic, group);
    await until(() => one.read.partitions.length === 4);
    const two = await member(topic, group);
    await until(() => one.read.partitions.length === 2 && two.read.partitions.length === 2);
    await produce(topic, Array.from({ length: 100 }, (_, n) => ({ key: `${n}`, value: `${n}` })));
    await until(() => one.read.messages.length + two.read.messages.length >= 100);
    assert.equal(new Set([...values(one.read), ...values(two.read)]).size, 100);
    await one.end();
    await until(() => two.read.partitions.length === 4);
    await two.end();
    await produce(topic, [{ value: "next" }]);
    const again = await member(topic, group);
    await until(() => again.read.messages.length > 0);
    await again.end();
    assert.deepEqual(values(again.read), ["next"]);
  },

  async "transactions, with offsets"() {
    const [topic, group] = [await create(), name("g")];
    const producer = kafka.producer({ transactionalId: name("tx"), maxInFlightRequests: 1, idempotent: true });
    await producer.connect();
    for (const commit of [false, true]) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value: commit ? "committed" : "aborted" }] });
      await transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions: [{ partition: 0, offset: "1" }] }] });
      await (commit ? transaction.commit() : transaction.abort());
      const [{ partitions }] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      assert.equal(partitions[0].offset, commit ? "1" : "-1");
    }
    await producer.disconnect();
    const reader = await member(topic, name("g"));
    await until(() => reader.read.messages.length > 0);
    await reader.end();
    assert.deepEqual(values(reader.read), ["committed"]);
  },

  async "administration"() {
    const topic = await create(1);
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    assert.equal(topics[0].partitions.length, 3);
    await admin.alterConfigs({ resources: [{ type: 2, name: topic, configEntries: [{ name: "retention.ms", value: "1234567" }] }] });
    const described = await admin.describeConfigs({ resources: [{ type: 2, name: topic, configNames: ["retention.ms"] }] });
    assert.equal(described.resources[0].configEntries[0].configValue, "1234567");
    await produce(topic, [{ value: "a", partition: 0 }, { value: "b", partition: 0 }]);
    // deleteTopicRecords asks what its client knows already: it is told first.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "1" }] });
    const offsets = await admin.fetchTopicOffsets(topic);
    assert.deepEqual(offsets.filter((o) => o.partition === 0).map((o) => [o.low, o.high]), [["1", "2"]]);
    const times = await admin.fetchTopicOffsetsByTimestamp(topic, Date.now() - 60000);
    assert.equal(times.find((o) => o.partition === 0).offset, "1");
    assert.ok((await admin.describeCluster()).brokers.length >= 1);
    await admin.deleteTopics({ topics: [topic] });
    assert.ok(!(await admin.listTopics()).includes(topic));
  },
};

(async () => {
  await admin.connect();
  for (const [what, test] of Object.entries(tests)) {
    await test();
    console.log(what);
  }
  await admin.disconnect();
  console.log("all of it works");
})().catch((error) => {
  console.error(error);
  process.exit(1);
});

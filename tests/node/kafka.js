// Kafka through kafkajs, with nothing set otherwise than by default. KAFKA_BOOTSTRAP_SERVERS says against which broker. KAFKA_DIFFERENCES names a
// file that says which tests a broker is known to fail: they have to. Prints a line for each test. (kafkajs packs with gzip by itself; what packs
// with the other codecs is given to it, as its manual says.)
"use strict";

const assert = require("node:assert/strict");
const { randomUUID } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { setTimeout: sleep } = require("node:timers/promises");
const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = require("kafkajs");
const lz4 = require("lz4js");
const zstd = require("@bokuweb/zstd-wasm");

CompressionCodecs[CompressionTypes.Snappy] = require("kafkajs-snappy");
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder) => Buffer.from(lz4.compress(encoder.buffer)),
  decompress: async (buffer) => Buffer.from(lz4.decompress(buffer)),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder) => Buffer.from(zstd.compress(encoder.buffer)),
  decompress: async (buffer) => Buffer.from(zstd.decompress(buffer)),
});

const kafka = new Kafka({ clientId: "node", brokers: process.env.KAFKA_BOOTSTRAP_SERVERS.split(","), logLevel: logLevel.NOTHING });
const differences = process.env.KAFKA_DIFFERENCES ? JSON.parse(readFileSync(process.env.KAFKA_DIFFERENCES, "utf8")).kafkajs : {};
const patience = Number(process.env.KAFKA_PATIENCE_SECS ?? 30) * 1000;
const session = Number(process.env.KAFKA_SESSION_TIMEOUT_MS ?? 30000);
const admin = kafka.admin();
const name = (prefix) => `${prefix}-${randomUUID().slice(0, 8)}`;

const create = async (numPartitions = 1) => {
  const topic = name("t");
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
  return topic;
};

const until = async (what, ms = patience) => {
  const end = Date.now() + ms;
  while (!what()) {
    assert.ok(Date.now() < end, "it did not come to be in time");
    await sleep(50);
  }
};

const produce = async (topic, messages, { idempotent = false, ...options } = {}) => {
  const producer = kafka.producer({ idempotent });
  await producer.connect();
  const answer = await producer.send({ topic, messages, ...options });
  await producer.disconnect();
  return answer;
};

const member = async (topic, groupId, options = {}) => {
  const consumer = kafka.consumer({ groupId, sessionTimeout: session, heartbeatInterval: session / 10, ...options });
  const read = { messages: [], partitions: [] };
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => (read.partitions = payload.memberAssignment[topic] ?? []));
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ partition, message }) => void read.messages.push({ partition, ...message }) });
  return { read, end: () => consumer.disconnect() };
};

const values = (read) => read.messages.map((m) => m.value.toString());

// A reader of a group of its own, until it has seen so many messages.
const read = async (topic, count) => {
  const reader = await member(topic, name("g"));
  await until(() => reader.read.messages.length >= count);
  await reader.end();
  return reader.read.messages;
};

const transact = async (topic, value, group, commit) => {
  const producer = kafka.producer({ transactionalId: name("tx"), maxInFlightRequests: 1, idempotent: true });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic, messages: [{ value }] });
  await transaction.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions: [{ partition: 0, offset: "1" }] }] });
  await (commit ? transaction.commit() : transaction.abort());
  await producer.disconnect();
  const [{ partitions }] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
  return partitions[0].offset;
};

const tests = {
  async "messages with headers"() {
    const topic = await create();
    const plain = [{ key: "k", value: "plain", headers: { one: "1", two: ["2", "3"] } }, { key: null, value: "no key" }, { key: "gone", value: null }];
    assert.equal((await produce(topic, plain))[0].errorCode, 0);
    const [first, second, third] = await read(topic, 3);
    assert.deepEqual([first.key.toString(), first.value.toString(), first.headers.one.toString()], ["k", "plain", "1"]);
    assert.deepEqual(first.headers.two.map(String), ["2", "3"]);
    assert.deepEqual([second.key, third.value], [null, null]);
  },

  async "every codec"() {
    const topic = await create();
    const codecs = ["None", "GZIP", "Snappy", "LZ4", "ZSTD"];
    for (const codec of codecs) {
      await produce(topic, [{ value: `${codec} `.repeat(100) }], { compression: CompressionTypes[codec] });
    }
    assert.deepEqual((await read(topic, 5)).map((m) => m.value.toString()), codecs.map((codec) => `${codec} `.repeat(100)));
  },

  async "an idempotent producer"() {
    const topic = await create();
    await produce(topic, [{ value: "once" }], { idempotent: true });
    assert.deepEqual((await read(topic, 1)).map((m) => m.value.toString()), ["once"]);
  },

  async "a group shares and takes over"() {
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
  },

  async "a group goes on where it stopped"() {
    const [topic, group] = [await create(), name("g")];
    await produce(topic, [{ value: "first" }]);
    const before = await member(topic, group);
    await until(() => before.read.messages.length === 1);
    await before.end();
    await produce(topic, [{ value: "next" }]);
    const again = await member(topic, group);
    await until(() => again.read.messages.length > 0);
    await again.end();
    assert.deepEqual(values(again.read), ["next"]);
  },

  async "a transaction that is committed, with offsets"() {
    const topic = await create();
    assert.equal(await transact(topic, "committed", name("g"), true), "1");
    assert.deepEqual((await read(topic, 1)).map((m) => m.value.toString()), ["committed"]);
  },

  async "what was aborted is never seen"() {
    const topic = await create();
    assert.equal(await transact(topic, "aborted", name("g"), false), "-1");
    await produce(topic, [{ value: "plain" }]);
    assert.deepEqual((await read(topic, 1)).map((m) => m.value.toString()), ["plain"]);
  },

  async "topics are made and go"() {
    const topic = await create(2);
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    assert.equal(topics[0].partitions.length, 2);
    assert.ok((await admin.describeCluster()).brokers.length >= 1);
    await admin.deleteTopics({ topics: [topic] });
    assert.ok(!(await admin.listTopics()).includes(topic));
  },

  async "topics grow"() {
    const topic = await create(1);
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    assert.equal(topics[0].partitions.length, 3);
  },

  async "settings of topics"() {
    const topic = await create();
    await admin.alterConfigs({ resources: [{ type: 2, name: topic, configEntries: [{ name: "retention.ms", value: "1234567" }] }] });
    const described = await admin.describeConfigs({ resources: [{ type: 2, name: topic, configNames: ["retention.ms"] }] });
    assert.equal(described.resources[0].configEntries[0].configValue, "1234567");
  },

  async "records are deleted"() {
    const topic = await create();
    await produce(topic, [{ value: "a" }, { value: "b" }]);
    // deleteTopicRecords asks what its client knows already: it is told first.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "1" }] });
    assert.deepEqual((await admin.fetchTopicOffsets(topic)).map((o) => [o.low, o.high]), [["1", "2"]]);
  },

  async "offsets for times"() {
    const topic = await create();
    await produce(topic, [{ value: "before" }]);
    await sleep(50);
    const between = Date.now();
    await sleep(50);
    await produce(topic, [{ value: "after" }]);
    const at = async (time) => (await admin.fetchTopicOffsetsByTimestamp(topic, time))[0].offset;
    assert.deepEqual([await at(between), await at(between - 60000)], ["1", "0"]);
  },

  async "a group is deleted once it is empty"() {
    const [topic, groupId] = [await create(), name("g")];
    await produce(topic, [{ value: "x" }]);
    const reader = await member(topic, groupId);
    await until(() => reader.read.messages.length === 1);
    await reader.end();
    assert.deepEqual(await admin.deleteGroups([groupId]), [{ groupId, errorCode: 0 }]);
    assert.ok(!(await admin.listGroups()).groups.some((group) => group.groupId === groupId));
  },
};

// What a broker is known to fail has to fail: whatever such a test leaves running ends with this process.
const walk = async ([what, test]) => {
  const error = await test().then(() => null, (error) => error);
  const known = differences[what];
  if (known && !error) throw new Error(`"${what}" works by now: it is listed as a difference`);
  if (!known && error) throw new Error(what, { cause: error });
  console.log(known ? `${what}: differs, as it is known to (${known})` : what);
};

// All at once: kafkajs takes seconds to leave a group. What is known to fail comes after the others, whose connections it might end.
(async () => {
  await zstd.init();
  await admin.connect();
  const unknown = Object.keys(differences).filter((what) => !(what in tests));
  assert.deepEqual(unknown, [], "listed as differences, but no such tests");
  const [sound, odd] = [false, true].map((is) => Object.entries(tests).filter(([what]) => what in differences === is));
  const outcomes = [...(await Promise.allSettled(sound.map(walk))), ...(await Promise.allSettled(odd.map(walk)))];
  const failed = outcomes.filter((outcome) => outcome.status === "rejected");
  failed.forEach(({ reason }) => console.error(reason));
  if (failed.length === 0) console.log("all of it works");
  process.exit(failed.length === 0 ? 0 : 1);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});

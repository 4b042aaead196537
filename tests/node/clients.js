// AWS's SDK for JavaScript against the emulator: the environment alone says where it listens. STACK holds the outputs of the deployed
// pipeline as JSON. Prints a line for each thing that works, throws at the first that doesn't.
"use strict";

const assert = require("node:assert/strict");
const { createHash } = require("node:crypto");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command } = require("@aws-sdk/client-s3");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");
const { LambdaClient, InvokeCommand } = require("@aws-sdk/client-lambda");
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");

// Buckets as path segments: 127.0.0.1 has no subdomains.
const s3 = new S3Client({ forcePathStyle: true });
const Bucket = `node-${process.pid}-${Date.now()}`;

const tests = {
  async "who am I"() {
    assert.equal((await new STSClient({}).send(new GetCallerIdentityCommand({}))).Account, "000000000000");
  },

  async "an object with the SDK's default checksum"() {
    await s3.send(new CreateBucketCommand({ Bucket }));
    const put = await s3.send(new PutObjectCommand({ Bucket, Key: "a b/ü.txt", Body: "hello", Metadata: { colour: "blue" } }));
    assert.equal(put.ETag, `"${createHash("md5").update("hello").digest("hex")}"`);
    assert.equal(put.ChecksumCRC32, "NhCmhg==");
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "a b/ü.txt" }));
    assert.equal(await got.Body.transformToString(), "hello");
    assert.deepEqual(got.Metadata, { colour: "blue" });
  },

  async "a body that streams is sent in signed chunks with a trailer"() {
    const body = Buffer.alloc(300_000, "stream");
    const { Readable } = require("node:stream");
    await s3.send(new PutObjectCommand({ Bucket, Key: "streamed", Body: Readable.from([body]), ContentLength: body.length }));
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "streamed", ChecksumMode: "ENABLED" }));
    assert.equal(head.ContentLength, body.length);
    assert.ok(head.ChecksumCRC32);
  },

  async "a presigned PUT and GET"() {
    // The SDK would sign the checksum of the body that it has at this moment, which is none; S3 refuses any other body then, as on AWS.
    const signer = new S3Client({ forcePathStyle: true, requestChecksumCalculation: "WHEN_REQUIRED" });
    const put = await getSignedUrl(signer, new PutObjectCommand({ Bucket, Key: "signed", ContentType: "text/x" }), { expiresIn: 60 });
    const answer = await fetch(put, { method: "PUT", body: "by url", headers: { "content-type": "text/x" } });
    assert.equal(answer.status, 200, await answer.text());
    const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "signed" }), { expiresIn: 60 });
    assert.equal(await (await fetch(get)).text(), "by url");
    const forged = await fetch(get.replace(/X-Amz-Signature=[0-9a-f]{4}/, "X-Amz-Signature=0000"));
    assert.equal(forged.status, 403);
    assert.match(await forged.text(), /<Code>SignatureDoesNotMatch<\/Code>/);
  },

  async "listings and errors"() {
    const listed = await s3.send(new ListObjectsV2Command({ Bucket }));
    assert.deepEqual(listed.Contents.map((o) => o.Key).sort(), ["a b/ü.txt", "signed", "streamed"].sort());
    await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: "none" })), { name: "NoSuchKey", message: "The specified key does not exist." });
    await assert.rejects(s3.send(new ListObjectsV2Command({ Bucket: `${Bucket}-none` })), { name: "NoSuchBucket" });
  },

  async "a function is invoked"() {
    const { ImagesFunction } = JSON.parse(process.env.STACK);
    const event = { httpMethod: "GET", requestContext: { requestId: "r", authorizer: { claims: { sub: "somebody" } } } };
    const answer = await new LambdaClient({}).send(new InvokeCommand({ FunctionName: ImagesFunction, Payload: JSON.stringify(event), LogType: "Tail" }));
    assert.equal(answer.FunctionError, undefined);
    const said = JSON.parse(Buffer.from(answer.Payload).toString());
    assert.equal(said.statusCode, 200);
    assert.deepEqual(JSON.parse(said.body).images, []);
    assert.match(Buffer.from(answer.LogResult, "base64").toString(), /REPORT RequestId: /);
    await assert.rejects(new LambdaClient({}).send(new InvokeCommand({ FunctionName: "none" })), { name: "ResourceNotFoundException" });
  },
};

(async () => {
  for (const [name, test] of Object.entries(tests)) {
    if (name === "a function is invoked" && !process.env.STACK) continue;
    await test();
    console.log(`ok: ${name}`);
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});

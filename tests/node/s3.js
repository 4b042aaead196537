// S3 through AWS's SDK for JavaScript, with nothing set otherwise than by default but path style. MANY names a bucket with PAGED keys
// below page/ and one each below a/ and z/. Prints a line for each thing that works, throws at the first that doesn't.
"use strict";

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const s3sdk = require("@aws-sdk/client-s3");
const { Upload } = require("@aws-sdk/lib-storage");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");

const { MANY, PAGED } = process.env;
// Buckets as path segments: 127.0.0.1 has no subdomains.
const client = new s3sdk.S3Client({ forcePathStyle: true });
const s3 = (operation, input) => client.send(new s3sdk[`${operation}Command`](input));
const Bucket = "node";
const KEYS = ["plain", "with space", "a+b&c=d", "100%25 %2F", "ünï/çødé ☃", "~!'()*;:@,$"];

const body = async (input) => Buffer.from(await (await s3("GetObject", { Bucket, ...input })).Body.transformToByteArray());

const tests = {
  async "keys of all kinds"() {
    await s3("CreateBucket", { Bucket });
    for (const Key of KEYS) {
      await s3("PutObject", { Bucket, Key, Body: Key });
      assert.equal((await body({ Key })).toString(), Key);
      await s3("CopyObject", { Bucket, Key: `copy/${Key}`, CopySource: `${Bucket}/${encodeURIComponent(Key)}` });
      const url = await getSignedUrl(client, new s3sdk.GetObjectCommand({ Bucket, Key: `copy/${Key}` }), { expiresIn: 60 });
      assert.equal(await (await fetch(url)).text(), Key);
    }
    const listed = (await s3("ListObjectsV2", { Bucket })).Contents.map((o) => o.Key);
    const bytes = (key) => Buffer.from(key);
    assert.deepEqual(listed, KEYS.flatMap((key) => [key, `copy/${key}`]).sort((a, b) => Buffer.compare(bytes(a), bytes(b))));
    const gone = await s3("DeleteObjects", { Bucket, Delete: { Objects: listed.map((Key) => ({ Key })) } });
    assert.equal(gone.Deleted.length, listed.length);
    assert.equal((await s3("ListObjectsV2", { Bucket })).KeyCount, 0);
  },

  async "an upload in parts, and ranges of it"() {
    // Parts of 5 MiB by default, four at a time.
    const Body = randomBytes((11 << 20) + 1);
    await new Upload({ client, params: { Bucket, Key: "large", Body, Metadata: { colour: "blue" } } }).done();
    const head = await s3("HeadObject", { Bucket, Key: "large" });
    assert.match(head.ETag, /-3"$/);
    assert.deepEqual(head.Metadata, { colour: "blue" });
    assert.ok((await body({ Key: "large" })).equals(Body));
    assert.ok((await body({ Key: "large", Range: "bytes=5242870-5242889" })).equals(Body.subarray(5242870, 5242890)));
    const { Readable } = require("node:stream");
    await new Upload({ client, params: { Bucket, Key: "streamed", Body: Readable.from([Body]) } }).done();
    assert.ok((await body({ Key: "streamed" })).equals(Body));
  },

  async "pages and folders"() {
    const keys = [];
    for await (const page of s3sdk.paginateListObjectsV2({ client }, { Bucket: MANY, Prefix: "page/" })) {
      keys.push(...page.Contents.map((o) => o.Key));
    }
    assert.equal(keys.length, Number(PAGED));
    assert.deepEqual(keys, [...keys].sort());
    const folders = await s3("ListObjectsV2", { Bucket: MANY, Delimiter: "/" });
    assert.deepEqual(folders.CommonPrefixes.map((p) => p.Prefix), ["a/", "page/", "z/"]);
  },

  async "a presigned PUT"() {
    // The SDK would sign the checksum of the body that it has at this moment, which is none; S3 refuses any other body then, as on AWS.
    const put = new s3sdk.PutObjectCommand({ Bucket, Key: "signed ü+" });
    const refused = await fetch(await getSignedUrl(client, put, { expiresIn: 60 }), { method: "PUT", body: "by url" });
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), /<Code>BadDigest<\/Code>/);
    const signer = new s3sdk.S3Client({ forcePathStyle: true, requestChecksumCalculation: "WHEN_REQUIRED" });
    const answer = await fetch(await getSignedUrl(signer, put, { expiresIn: 60 }), { method: "PUT", body: "by url" });
    assert.equal(answer.status, 200, await answer.text());
    assert.equal((await body({ Key: "signed ü+" })).toString(), "by url");
  },

  async "metadata beyond ASCII"() {
    const word = `=?UTF-8?B?${Buffer.from("blå ☃ ☃☃☃☃").toString("base64")}?=`;
    await s3("PutObject", { Bucket, Key: "meta", Body: "", Metadata: { colour: word } });
    assert.equal((await s3("HeadObject", { Bucket, Key: "meta" })).Metadata.colour, word);
  },

  async "versions, conditions, errors"() {
    await s3("PutBucketVersioning", { Bucket, VersioningConfiguration: { Status: "Enabled" } });
    const { VersionId } = await s3("PutObject", { Bucket, Key: "v", Body: "1" });
    await s3("PutObject", { Bucket, Key: "v", Body: "2" });
    assert.equal((await body({ Key: "v", VersionId })).toString(), "1");
    assert.equal((await s3("DeleteObject", { Bucket, Key: "v" })).DeleteMarker, true);
    assert.equal((await s3("ListObjectVersions", { Bucket, Prefix: "v" })).Versions.length, 2);
    await assert.rejects(s3("GetObject", { Bucket, Key: "v" }), { name: "NoSuchKey" });
    await assert.rejects(s3("PutObject", { Bucket, Key: "large", Body: "", IfNoneMatch: "*" }), { name: "PreconditionFailed" });
    await assert.rejects(s3("DeleteBucket", { Bucket }), { name: "BucketNotEmpty" });
  },
};

(async () => {
  for (const [name, test] of Object.entries(tests)) {
    await test();
    console.log(`ok: ${name}`);
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});

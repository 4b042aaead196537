// Runs a Node handler against the Lambda Runtime API with nothing but what Node brings.
import http from 'node:http';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { format } from 'node:util';
import { pathToFileURL } from 'node:url';

const env = process.env;
const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
const base = '/2018-06-01/runtime';
let requestId;

function call(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const request = http.request({ host, port, agent, method, path: base + path, headers: { ...headers, ...length } }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(parts).toString() }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

// AWS's own runtime puts time, request and level before every line.
for (const [name, level] of [['log', 'INFO'], ['info', 'INFO'], ['debug', 'DEBUG'], ['warn', 'WARN'], ['error', 'ERROR'], ['trace', 'TRACE']]) {
  console[name] = (...words) => {
    const text = format(...words).replaceAll('\n', '\r');
    process.stdout.write(`${new Date().toISOString()}\t${requestId ?? 'undefined'}\t${level}\t${text}\n`);
  };
}

function failure(error) {
  const known = error instanceof Error;
  const stack = known && error.stack ? error.stack.split('\n') : [];
  return { errorType: known ? error.name : typeof error, errorMessage: known ? error.message : String(error), trace: stack };
}

async function fail(path, error) {
  const told = failure(error);
  console.error(path === '/init/error' ? 'Uncaught Exception ' : 'Invoke Error ', JSON.stringify({ ...told, stack: told.trace }));
  await call('POST', path, JSON.stringify(told), { 'Content-Type': 'application/json', 'Lambda-Runtime-Function-Error-Type': told.errorType });
}

class ImportModuleError extends Error { name = 'Runtime.ImportModuleError'; }
class HandlerNotFound extends Error { name = 'Runtime.HandlerNotFound'; }

async function load() {
  const at = env._HANDLER.lastIndexOf('/') + 1;
  const [folder, rest] = [env._HANDLER.slice(0, at), env._HANDLER.slice(at)];
  const [file, ...path] = rest.split('.');
  const stem = join(env.LAMBDA_TASK_ROOT, folder, file);
  const found = ['', '.js', '.mjs', '.cjs'].map((end) => stem + end).find((name) => existsSync(name) && name !== stem || /\.[cm]?js$/.test(name) && existsSync(name));
  if (!found) throw new ImportModuleError(`Error: Cannot find module '${file}'`);
  let module;
  try {
    module = found.endsWith('.cjs') ? createRequire(import.meta.url)(found) : await import(pathToFileURL(found).href);
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND') throw new ImportModuleError(`Error: ${error.message}`);
    throw error;
  }
  const walk = (start) => path.reduce((value, name) => value?.[name], start);
  const handler = walk(module) ?? walk(module.default);
  if (typeof handler !== 'function') throw new HandlerNotFound(`${env._HANDLER} is undefined or not exported`);
  return handler;
}

function context(head, done) {
  const deadline = Number(head['lambda-runtime-deadline-ms']);
  return {
    awsRequestId: head['lambda-runtime-aws-request-id'],
    invokedFunctionArn: head['lambda-runtime-invoked-function-arn'],
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    clientContext: head['lambda-runtime-client-context'] ? JSON.parse(head['lambda-runtime-client-context']) : undefined,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done, succeed: (value) => done(null, value), fail: (error) => done(error ?? 'handled'),
  };
}

function run(handler, event, head) {
  return new Promise((resolve, reject) => {
    const done = (error, value) => (error === null || error === undefined ? resolve(value) : reject(error));
    const result = handler(event, context(head, done), done);
    if (typeof result?.then === 'function') result.then(resolve, reject);
    // A handler that takes a callback answers by it; of one that doesn't and is not async AWS takes no value.
    else if (handler.length < 3) resolve(null);
  });
}

let handler;
try {
  handler = await load();
} catch (error) {
  await fail('/init/error', error);
  process.exit(1);
}
for (;;) {
  const { headers, body } = await call('GET', '/invocation/next');
  requestId = headers['lambda-runtime-aws-request-id'];
  if (headers['lambda-runtime-trace-id']) env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  const path = `/invocation/${requestId}`;
  try {
    const value = await run(handler, JSON.parse(body), headers);
    await call('POST', `${path}/response`, JSON.stringify(value === undefined ? null : value), { 'Content-Type': 'application/json' });
  } catch (error) {
    await fail(`${path}/error`, error);
  }
}

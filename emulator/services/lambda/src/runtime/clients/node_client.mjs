// Runs a Node handler against the Lambda Runtime API with nothing but what Node brings.
import http from 'node:http';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { format, types } from 'node:util';
import { pathToFileURL } from 'node:url';

const env = process.env;
const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
const base = '/2018-06-01/runtime';
const jsonLogs = env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const leastLevel = jsonLogs ? Math.max(0, LEVELS.indexOf(env.AWS_LAMBDA_LOG_LEVEL ?? 'INFO')) : 0;
let requestId;

function request(method, path, headers, heard, failed) {
  const made = http.request({ host, port, agent, method, path: base + path, headers }, (response) => {
    const parts = [];
    response.on('data', (part) => parts.push(part));
    response.on('end', () => heard({ headers: response.headers, body: Buffer.concat(parts).toString() }));
  });
  made.on('error', failed);
  return made;
}

function call(method, path, body, headers = {}) {
  const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => request(method, path, { ...headers, ...length }, resolve, reject).end(body));
}

// Lines as AWS's own runtime writes them: time, request and level before each, or an object of JSON.
function jsonLine(level, words) {
  const line = { timestamp: new Date().toISOString(), level, requestId };
  const plain = (_, value) => {
    if (!(value instanceof Error)) return typeof value === 'bigint' ? value.toString() : value;
    const { name, message, stack, ...more } = value;
    return { ...more, errorType: value.constructor?.name ?? 'UnknownError', errorMessage: message, stackTrace: String(stack ?? '').split('\n') };
  };
  if (words.length === 1) {
    try {
      return JSON.stringify({ ...line, message: words[0] }, plain);
    } catch {
      return JSON.stringify({ ...line, message: format(words[0]) });
    }
  }
  const error = words.find((word) => word instanceof Error);
  return JSON.stringify({ ...line, message: format(...words), ...(error ? plain('', error) : {}) });
}
function write(level, words) {
  if (LEVELS.indexOf(level) < leastLevel) return;
  const text = () => `${new Date().toISOString()}\t${requestId ?? 'undefined'}\t${level}\t${format(...words).replaceAll('\n', '\r')}`;
  process.stdout.write(`${jsonLogs ? jsonLine(level, words) : text()}\n`);
}
for (const [name, level] of [['log', 'INFO'], ['info', 'INFO'], ['debug', 'DEBUG'], ['warn', 'WARN'], ['error', 'ERROR'], ['trace', 'TRACE'], ['fatal', 'FATAL']]) {
  console[name] = (...words) => write(level, words);
}

class ImportModuleError extends Error { name = 'Runtime.ImportModuleError'; }
class HandlerNotFound extends Error { name = 'Runtime.HandlerNotFound'; }
class MalformedHandlerName extends Error { name = 'Runtime.MalformedHandlerName'; }
class UserCodeSyntaxError extends Error { name = 'Runtime.UserCodeSyntaxError'; }
class UnhandledPromiseRejection extends Error { name = 'Runtime.UnhandledPromiseRejection'; }

function failure(error) {
  const known = error instanceof Error || types.isNativeError(error);
  const stack = known && error.stack ? error.stack.split('\n') : [];
  return { errorType: known ? error.name : typeof error, errorMessage: known ? error.message : String(error), trace: stack };
}

async function fail(path, error, words) {
  const told = failure(error);
  if (jsonLogs) console.error(error);
  else console.error(words, JSON.stringify({ errorType: told.errorType, errorMessage: told.errorMessage, ...(error?.code ? { code: error.code } : {}), stack: told.trace }));
  await call('POST', path, JSON.stringify(told), { 'Content-Type': 'application/json', 'Lambda-Runtime-Function-Error-Type': told.errorType });
}

// `awslambda`, the global by which handlers stream their answers.
const STREAMS = Symbol('streams');
globalThis.awslambda = {
  streamifyResponse: (handler, options) => Object.assign(handler, { [STREAMS]: options ?? {} }),
  HttpResponseStream: class HttpResponseStream {
    static from(stream, prelude) {
      stream.setContentType('application/vnd.awslambda.http-integration-response');
      stream.prelude = Buffer.concat([Buffer.from(JSON.stringify(prelude ?? {})), Buffer.alloc(8)]);
      return stream;
    }
  },
};

/** An answer on its way: its request begins with the first bytes, so that a handler may fail before. */
class ResponseStream extends Writable {
  constructor(path, options) {
    super(options.highWaterMark ? { highWaterMark: options.highWaterMark } : {});
    Object.assign(this, { path, contentType: 'application/octet-stream', prelude: undefined, outgoing: undefined });
  }
  setContentType(contentType) { this.contentType = contentType; }
  write(chunk, ...rest) {
    const bytes = typeof chunk === 'string' || chunk instanceof Uint8Array;
    return super.write(bytes ? chunk : JSON.stringify(chunk), ...rest);
  }
  begin() {
    if (this.outgoing) return;
    const headers = {
      'Content-Type': this.contentType, 'Lambda-Runtime-Function-Response-Mode': 'streaming', 'Transfer-Encoding': 'chunked',
      Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    };
    this.answered = new Promise((resolve, reject) => {
      this.outgoing = request('POST', `${this.path}/response`, headers, resolve, reject);
    });
    this.answered.catch(() => {});
    this.outgoing.flushHeaders();
    if (this.prelude) this.outgoing.write(this.prelude);
  }
  _write(chunk, encoding, done) {
    this.begin();
    if (this.outgoing.write(chunk, encoding)) done();
    else this.outgoing.once('drain', done);
  }
  _final(done) {
    this.begin();
    this.outgoing.end();
    this.answered.then(() => done(), done);
  }
  /** What went wrong on the way, told behind what was sent. */
  async fail(error) {
    const told = failure(error);
    console.error('Invoke Error ', JSON.stringify({ ...told, stack: told.trace }));
    const body = Buffer.from(JSON.stringify(told)).toString('base64');
    this.outgoing.addTrailers({ 'Lambda-Runtime-Function-Error-Type': told.errorType, 'Lambda-Runtime-Function-Error-Body': body });
    this.outgoing.end();
    await this.answered;
    this.on('error', () => {}).destroy();
  }
}

async function load() {
  const at = env._HANDLER.lastIndexOf('/') + 1;
  const [folder, rest] = [env._HANDLER.slice(0, at), env._HANDLER.slice(at)];
  const [file, ...path] = rest.split('.');
  if (!path.length) throw new MalformedHandlerName('Bad handler');
  const stem = join(env.LAMBDA_TASK_ROOT, folder, file);
  const found = ['', '.js', '.mjs', '.cjs'].map((end) => stem + end).find((name) => existsSync(name) && name !== stem || /\.[cm]?js$/.test(name) && existsSync(name));
  if (!found) throw new ImportModuleError(`Error: Cannot find module '${file}'`);
  let module;
  try {
    module = found.endsWith('.cjs') ? createRequire(import.meta.url)(found) : await import(pathToFileURL(found).href);
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND') throw new ImportModuleError(`Error: ${error.message}`);
    if (error instanceof SyntaxError) throw new UserCodeSyntaxError(`SyntaxError: ${error.message}`);
    throw error;
  }
  const walk = (start) => path.reduce((value, name) => value?.[name], start);
  const handler = walk(module) ?? walk(module.default);
  if (typeof handler !== 'function') throw new HandlerNotFound(`${env._HANDLER} is undefined or not exported`);
  return handler;
}

// Called when nothing is left to do: the answer of a handler with a callback waits for that.
let whenIdle;
process.on('beforeExit', () => {
  const then = whenIdle;
  whenIdle = undefined;
  then?.();
});

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
    const end = (error, value) => (error === null || error === undefined ? resolve(value) : reject(error));
    const given = context(head, end);
    // A callback's answer goes when nothing else is left to do, unless the function doesn't want that; `context.done` and its like never wait.
    const callback = (error, value) => {
      if (given.callbackWaitsForEmptyEventLoop) whenIdle = () => end(error, value);
      else end(error, value);
    };
    // One that neither answers nor leaves anything to wait for has answered nothing.
    whenIdle = () => resolve(null);
    const result = handler(event, given, callback);
    if (typeof result?.then === 'function') result.then(resolve, reject);
  });
}

async function streamed(handler, event, head, path) {
  const stream = new ResponseStream(path, handler[STREAMS]);
  try {
    const over = finished(stream);
    over.catch(() => {});
    await handler(event, stream, context(head, () => {}));
    await over;
  } catch (error) {
    if (!stream.outgoing) throw error;
    if (!stream.writableFinished) await stream.fail(error);
  }
}

/** Errors that nobody catches end the process, after the event was told of them. */
function uncaught(error, code) {
  if (requestId === undefined) return fail('/init/error', error, 'Uncaught Exception ').finally(() => process.exit(code));
  return fail(`/invocation/${requestId}/error`, error, code === 128 ? 'Unhandled Promise Rejection ' : 'Uncaught Exception ').finally(() => process.exit(code));
}
process.on('uncaughtException', (error) => uncaught(error, 129));
process.on('unhandledRejection', (reason) => uncaught(new UnhandledPromiseRejection(reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason), { cause: reason }), 128));

let handler;
try {
  handler = await load();
} catch (error) {
  await fail('/init/error', error, 'Uncaught Exception ');
  process.exit(1);
}
for (;;) {
  const { headers, body } = await call('GET', '/invocation/next');
  requestId = headers['lambda-runtime-aws-request-id'];
  if (headers['lambda-runtime-trace-id']) env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  const path = `/invocation/${requestId}`;
  try {
    if (handler[STREAMS]) {
      await streamed(handler, JSON.parse(body), headers, path);
      continue;
    }
    const value = await run(handler, JSON.parse(body), headers);
    whenIdle = undefined;
    await call('POST', `${path}/response`, JSON.stringify(value === undefined ? null : value), { 'Content-Type': 'application/json' });
  } catch (error) {
    whenIdle = undefined;
    await fail(`${path}/error`, error, 'Invoke Error ');
  }
}

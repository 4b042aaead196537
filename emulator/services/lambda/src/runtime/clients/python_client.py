"""Runs a Python handler against the Lambda Runtime API with nothing but the standard library, as AWS's own client does."""
import datetime
import decimal
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback
import types

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
BASE = "/2018-06-01/runtime"
JSON_LOGS = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
LEVELS = {"TRACE": logging.NOTSET, "DEBUG": logging.DEBUG, "INFO": logging.INFO, "WARN": logging.WARNING, "ERROR": logging.ERROR, "FATAL": logging.CRITICAL}
# What a log record has of itself; the rest came with `extra`.
OF_RECORDS = set(vars(logging.makeLogRecord({}))) | {"aws_request_id", "message", "asctime", "taskName"}


class Current:
    """The event that is being handled."""

    request_id = None


class LambdaContext:
    """The second argument of a handler."""

    def __init__(self, head):
        env = os.environ
        self.aws_request_id = head["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = head["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = env["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = env["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = env["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = env["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.client_context = client_context(head.get("Lambda-Runtime-Client-Context"))
        self.identity = types.SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.tenant_id = None
        self._deadline_ms = int(head["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


def client_context(text):
    """An object with `client`, `custom` and `env`, as mobile SDKs send it."""
    if not text:
        return None
    given = json.loads(text)
    names = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")
    client = given.get("client")
    client = types.SimpleNamespace(**{name: client.get(name) for name in names}) if isinstance(client, dict) else None
    return types.SimpleNamespace(client=client, custom=given.get("custom"), env=given.get("env"))


class Lines(logging.Handler):
    """Writes log records to standard output, each as one event."""

    def emit(self, record):
        try:
            record.aws_request_id = Current.request_id
            sys.stdout.write(self.format(record))
        except Exception:
            self.handleError(record)


class TextLine(logging.Formatter):
    converter = time.gmtime

    def __init__(self):
        super().__init__("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S")

    def format(self, record):
        # The end of a line is the end of an event.
        return super().format(record).replace("\n", "\r") + "\n"


class JsonLine(logging.Formatter):
    def format(self, record):
        of = record.exc_info or (None, None, None)
        line = {
            "timestamp": stamp(record.created),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_tb(of[2]) if of[2] else None,
            "errorType": of[0].__name__ if of[0] else None,
            "errorMessage": str(of[1]) if of[1] else None,
            "requestId": record.aws_request_id,
            "location": "%s:%s:%s" % (record.pathname, record.funcName, record.lineno) if of[0] else None,
        }
        line.update((name, value) for name, value in vars(record).items() if name not in OF_RECORDS and name not in line)
        return json.dumps({name: value for name, value in line.items() if value is not None}, default=str) + "\n"


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def set_up_logging():
    handler = Lines()
    handler.setFormatter(JsonLine() if JSON_LOGS else TextLine())
    root = logging.getLogger()
    root.addHandler(handler)
    if JSON_LOGS:
        root.setLevel(LEVELS.get(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO"), logging.INFO))


class Fault(Exception):
    """What keeps a handler from being found or its answer from being sent, in AWS's words."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.kind, self.trace = kind, list(trace)


def failure(error, request_id):
    """AWS's error object; what is in it is logged, too."""
    if isinstance(error, Fault):
        kind, stack = error.kind, error.trace
    else:
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if os.path.abspath(f.filename) != os.path.abspath(__file__)]
        kind, stack = type(error).__name__, traceback.format_list(own)
    told = {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": stack}
    if JSON_LOGS:
        print(json.dumps({"timestamp": stamp(time.time()), "log_level": "ERROR", **told}), flush=True)
    else:
        lines = ["[ERROR] %s: %s" % (kind, error)] + (["Traceback (most recent call last):"] if stack else [])
        lines += [line.replace(" ", "\u00a0", len(line) - len(line.lstrip(" "))) for frame in stack for line in frame.splitlines()]
        print("\r".join(lines), flush=True)
    return told


def encoded(value):
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


def post(connection, path, value):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    kind = {"Lambda-Runtime-Function-Error-Type": value["errorType"]} if isinstance(value, dict) and "errorType" in value else {}
    connection.request("POST", BASE + path, body, {"Content-Type": "application/json", **kind})
    connection.getresponse().read()


def find(name):
    if "." not in name:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name)
    module_name, function = name.rsplit(".", 1)
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % module_name)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error)) from error
    except SyntaxError as error:
        where = ["  File \"%s\" Line %s\n    %s" % (error.filename, error.lineno, error.text)]
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), where) from error
    if not hasattr(module, function):
        raise Fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function, module_name))
    return getattr(module, function)


def load(connection):
    try:
        return find(os.environ["_HANDLER"])
    except SystemExit:
        raise
    except BaseException as error:
        post(connection, "/init/error", failure(error, ""))
        sys.exit(1)


def answer_of(handler, body, context):
    result = handler(json.loads(body), context)
    try:
        return json.dumps(result, ensure_ascii=False, default=encoded).encode()
    except (TypeError, ValueError) as error:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error) from error


def main():
    root = os.environ["LAMBDA_TASK_ROOT"]
    sys.path[0] = root
    # The task root is shared and read-only: nothing is compiled into it.
    sys.dont_write_bytecode = True
    set_up_logging()
    connection = http.client.HTTPConnection(API)
    handler = load(connection)
    while True:
        connection.request("GET", BASE + "/invocation/next")
        response = connection.getresponse()
        body = response.read()
        context = LambdaContext(response.headers)
        Current.request_id = context.aws_request_id
        trace = response.headers.get("Lambda-Runtime-Trace-Id")
        if trace:
            os.environ["_X_AMZN_TRACE_ID"] = trace
        path = "/invocation/" + context.aws_request_id
        try:
            answer = answer_of(handler, body, context)
        except Exception as error:
            post(connection, path + "/error", failure(error, context.aws_request_id))
            continue
        post(connection, path + "/response", answer)


main()

"""Runs a Python handler against the Lambda Runtime API with nothing but the standard library."""
import http.client
import importlib
import json
import os
import sys
import time
import traceback

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
BASE = "/2018-06-01/runtime"


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
        client_context = head.get("Lambda-Runtime-Client-Context")
        self.client_context = json.loads(client_context) if client_context else None
        self.identity = None
        self._deadline_ms = int(head["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))


def failure(error, request_id):
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if os.path.abspath(f.filename) != os.path.abspath(__file__)]
    stack = traceback.format_list(own)
    kind = type(error).__name__
    lines = "".join(stack) or ""
    print("[ERROR] %s: %s\nTraceback (most recent call last):\n%s" % (kind, error, lines), flush=True)
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": stack}


def post(connection, path, value):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    kind = {"Lambda-Runtime-Function-Error-Type": value["errorType"]} if isinstance(value, dict) and "errorType" in value else {}
    connection.request("POST", BASE + path, body, {"Content-Type": "application/json", **kind})
    connection.getresponse().read()


def load(connection):
    name = os.environ["_HANDLER"]
    try:
        if "." not in name:
            raise ValueError("Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name)
        module_name, function = name.rsplit(".", 1)
        try:
            module = importlib.import_module(module_name.replace("/", "."))
        except ModuleNotFoundError as error:
            raise ImportModuleError("Unable to import module '%s': %s" % (module_name, error)) from error
        if not hasattr(module, function):
            raise HandlerNotFound("Handler '%s' missing on module '%s'" % (function, module_name))
        return getattr(module, function)
    except SystemExit:
        raise
    except BaseException as error:
        told = failure(error, "")
        if isinstance(error, (ImportModuleError, HandlerNotFound)):
            told["errorType"] = "Runtime." + type(error).__name__
            told["stackTrace"] = []
        post(connection, "/init/error", told)
        sys.exit(1)


class ImportModuleError(Exception):
    pass


class HandlerNotFound(Exception):
    pass


def main():
    root = os.environ["LAMBDA_TASK_ROOT"]
    sys.path[0] = root
    # The task root is shared and read-only: nothing is compiled into it.
    sys.dont_write_bytecode = True
    connection = http.client.HTTPConnection(API)
    handler = load(connection)
    while True:
        connection.request("GET", BASE + "/invocation/next")
        response = connection.getresponse()
        body = response.read()
        context = LambdaContext(response.headers)
        trace = response.headers.get("Lambda-Runtime-Trace-Id")
        if trace:
            os.environ["_X_AMZN_TRACE_ID"] = trace
        path = "/invocation/" + context.aws_request_id
        try:
            result = handler(json.loads(body), context)
            try:
                answer = json.dumps(result, ensure_ascii=False).encode()
            except TypeError as error:
                raise MarshalError("Unable to marshal response: %s" % error) from error
        except Exception as error:
            told = failure(error, context.aws_request_id)
            if isinstance(error, MarshalError):
                told["errorType"] = "Runtime.MarshalError"
            post(connection, path + "/error", told)
            continue
        post(connection, path + "/response", answer)


class MarshalError(Exception):
    pass


main()

"""A stand-in for AWS (moto) behind a proxy that writes down every request, and the proof that each is one that AWS's models know.

Prints the proxy's address, then waits for its input to end; then judges what was recorded against botocore's models: the operation must
exist, and so must every member that was sent. Ends with 1 and the offences when something is not in the models.
"""

import http.client
import http.server
import re
import sys
import threading
import urllib.parse

import botocore.session
from moto.server import ThreadedMotoServer

# Headers of HTTP, of signing and of the SDKs themselves: no operation's members.
PLAIN = re.compile(
    r"^(host|connection|accept|accept-encoding|user-agent|authorization|content-length|content-type|content-encoding|transfer-encoding|expect|te|"
    r"amz-sdk-.*|x-amz-(date|content-sha256|user-agent|security-token|decoded-content-length|trailer))$"
)
SIGNING = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    target = None
    requests = []

    def log_message(self, *_):
        pass

    def body(self):
        if "chunked" in (self.headers.get("transfer-encoding") or ""):
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def forward(self):
        body = self.body()
        Proxy.requests.append((self.command, self.path, dict(self.headers), body))
        onward = http.client.HTTPConnection(*Proxy.target, timeout=60)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("transfer-encoding", "content-length", "expect")}
        onward.request(self.command, self.path, body, headers)
        answer = onward.getresponse()
        content = answer.read()
        self.send_response_only(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(key, value)
        if self.command != "HEAD" or answer.getheader("content-length") is None:
            self.send_header("content-length", str(len(content)))
        else:
            self.send_header("content-length", answer.getheader("content-length"))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_OPTIONS = forward


def judge(request):
    """Name of the request's operation, and what of it is in no model."""
    method, path, headers, body = request
    headers = {k.lower(): v for k, v in headers.items()}
    signed = SIGNING.search(headers.get("authorization", ""))
    if not signed:
        return f"{method} {path}", ["it is not signed"]
    model = botocore.session.get_session().get_service_model(signed["service"])
    if model.metadata["protocol"] == "query":
        return judge_query(model, body)
    return judge_s3(model, method, path, headers)


def judge_query(model, body):
    form = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)
    action = dict(form)["Action"]
    what = f"{model.service_name}:{action}"
    if action not in model.operation_names:
        return what, ["there is no such operation"]
    if dict(form)["Version"] != model.api_version:
        return what, [f"the version is {dict(form)['Version']}"]
    shape = model.operation_model(action).input_shape
    members = [key for key, _ in form if key not in ("Action", "Version")]
    return what, [f"{key} is no member" for key in members if not known(shape, key.split("."))]


def known(shape, path):
    """Whether a path as the query protocol flattens it leads through the shape."""
    if not path:
        return shape.type_name not in ("structure", "list", "map")
    head, *rest = path
    if shape.type_name == "structure":
        return head in shape.members and known(shape.members[head], rest)
    if shape.type_name == "list":
        # `Tags.member.1.Key`; an empty list is sent as its bare name.
        return head == "member" and bool(rest) and rest[0].isdigit() and known(shape.member, rest[1:])
    return False


def judge_s3(model, method, path, headers):
    url = urllib.parse.urlsplit(path)
    query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
    parts = url.path.lstrip("/").split("/", 1)
    depth = len([p for p in parts if p])
    fitting = []
    for name in model.operation_names:
        http_trait = model.operation_model(name).http
        uri = urllib.parse.urlsplit(http_trait["requestUri"])
        wanted = dict(urllib.parse.parse_qsl(uri.query, keep_blank_values=True))
        same = http_trait["method"] == method and len([p for p in uri.path.split("/") if p]) == depth
        if same and all(query.get(k) == v for k, v in wanted.items()) and has_required(model.operation_model(name), query, headers):
            fitting.append((name == query.get("x-id"), len(wanted), required_count(model.operation_model(name)), name))
    if not fitting:
        return f"s3:{method} {path}", ["there is no such operation"]
    best = max(fitting)[-1]
    shape = model.operation_model(best).input_shape
    members = shape.members.values() if shape else []
    in_query = {m.serialization["name"] for m in members if m.serialization.get("location") == "querystring"}
    in_headers = {m.serialization["name"].lower() for m in members if m.serialization.get("location") == "header"}
    in_uri = set(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(model.operation_model(best).http["requestUri"]).query, keep_blank_values=True)))
    offences = [f"query {key} is no member" for key in query if key not in in_query | in_uri | {"x-id"}]
    offences += [f"header {key} is no member" for key in headers if key not in in_headers and not PLAIN.match(key)]
    return f"s3:{best}", offences


def outside(operation):
    """Location and name of the required members that stand in the query or in headers: by these, operations of one path differ."""
    shape = operation.input_shape
    members = [shape.members[name].serialization for name in shape.required_members] if shape else []
    return [(m["location"], m["name"]) for m in members if m.get("location") in ("querystring", "header")]


def has_required(operation, query, headers):
    return all(name in query if where == "querystring" else name.lower() in headers for where, name in outside(operation))


def required_count(operation):
    return len(outside(operation))


def main():
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    Proxy.target = moto.get_host_and_port()
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{proxy.server_address[1]}", flush=True)
    sys.stdin.read()
    offending, seen = 0, {}
    for request in Proxy.requests:
        operation, offences = judge(request)
        seen[operation] = seen.get(operation, 0) + 1
        for offence in offences:
            offending += 1
            print(f"{operation}: {offence}")
    print(" ".join(f"{operation}={count}" for operation, count in sorted(seen.items())), flush=True)
    moto.stop()
    sys.exit(1 if offending or not seen else 0)


if __name__ == "__main__":
    main()

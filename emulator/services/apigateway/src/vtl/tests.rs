//! What templates make of their variables.

use super::*;
use serde_json::json;

fn scope(body: &str) -> Scope {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let input = Input::new(body.to_owned(), vec![pair("id", "7")], vec![pair("q", "a b")], vec![pair("X-Own", "me")]);
    let mut scope = Scope::new();
    scope.set("input", Value::Input(input.into()));
    scope.set("util", Value::Util);
    scope.set("context", Value::of_json(&json!({ "stage": "live", "responseOverride": { "header": {} } })));
    scope
}
fn run(template: &str, body: &str) -> String {
    let template = Template::parse(template).unwrap_or_else(|e| panic!("{template}: {e}"));
    render(&template, &mut scope(body)).unwrap()
}
fn refused(template: &str) -> String {
    refused_with(template, "{}")
}
fn refused_with(template: &str, body: &str) -> String {
    match Template::parse(template) {
        Err(problem) => problem.0,
        Ok(read) => render(&read, &mut scope(body)).expect_err("it is refused").0,
    }
}

#[test]
fn references_quiet_formal_and_text() {
    assert_eq!(run("$context.stage|$!context.stage|${context.stage}x|$!{nothing}|$nothing|", ""), "live|live|livex|||");
    assert_eq!(
        run("costs $5 and 100$ \\$context.stage c:\\dir #notadirective #1", ""),
        "costs $5 and 100$ $context.stage c:\\dir #notadirective #1"
    );
    assert_eq!(run("$input.params('id') $input.params('q') $input.params('x-own')$input.params('none')", ""), "7 a b me");
    assert_eq!(run("#foreach($k in $input.params().keySet())$k #end$input.params().header.get('X-Own')", ""), "path querystring header me");
    assert_eq!(run("$input.params('querystring').q", ""), "a b");
}

#[test]
fn what_aws_prints() {
    let body = r#"{"a":{"foo":"bar"},"l":[{"foo":"bar"}],"n":null,"e":[]}"#;
    assert_eq!(run("$input.path('$.a') $input.path('$.l') $input.path('$.l[0]').foo", body), "{foo=bar} [{\"foo\":\"bar\"}] bar");
    assert_eq!(run("$input.json('$.a') $input.json('$.none') $input.json('$.l[0].foo')", body), "{\"foo\":\"bar\"} \"\" \"bar\"");
    let test = "#set($r = $input.path(\"PATH\"))$r|$r.nested|#if($r == $null)n#else-#end|#if($r == \"\")e#else-#end";
    assert_eq!(run(&test.replace("PATH", "$.none"), body), "||n|e");
    assert_eq!(run(&test.replace("PATH", "$.n"), body), "||n|e");
    assert_eq!(run(&test.replace("PATH", "$.e"), body), "[]||-|-");
    assert_eq!(run("$input.body$input.body.x", ""), "{}");
    assert_eq!(run("$input.path('$').toString()", r#"{"list":[{"foo":"bar"}]}"#), "{list=[{\"foo\":\"bar\"}]}");
}

#[test]
fn directives() {
    assert_eq!(run("#set($x = 3)#if($x > 5)big#elseif($x == 3)three#else other#end", ""), "three");
    assert_eq!(run("#foreach($i in [1..5])#if($i == 4)#break#end$i#if($foreach.hasNext),#end#end", ""), "1,2,3,");
    assert_eq!(
        run("#set($m = {\"a\": 1, \"b\": [true, 'x']})#foreach($e in $m.entrySet())$e.key=$e.value;#end", ""),
        "a=1;b=[true,\"x\"];"
    );
    assert_eq!(run("a#stop b", ""), "a");
    assert_eq!(run("#macro(hi $who)hello $who!#end#hi('you')#hi(\"$context.stage\")", ""), "hello you!hello live!");
    assert_eq!(run("## gone\n#* gone\n *#kept #[[$raw #if]]#", ""), "kept $raw #if");
    assert_eq!(run("{\n  #set($a = 1)\n  #if($a == 1)\n  \"a\": $a\n  #end\n}", ""), "{\n    \"a\": 1\n  }");
    assert_eq!(run("#{if}(true)x#{else}y#{end}z", ""), "xz");
}

#[test]
fn expressions_by_rank() {
    for (expression, value) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 / 2", "3"),
        ("7 % 4", "3"),
        ("7.0 / 2", "3.5"),
        ("1 / 0", ""),
        ("-3 + 1", "-2"),
        ("'a' + 1", "a1"),
        ("1 < 2 && 2 <= 2", "true"),
        ("1 gt 2 or 3 ne 3", "false"),
        ("!true || not false", "true"),
        ("'a' == 'a' and '1' == 1", "true"),
        ("\"x${context.stage}y\"", "xlivey"),
        ("'$context'", "$context"),
        ("[1, 2].size()", ""),
    ] {
        if value.is_empty() && expression.starts_with('[') {
            continue;
        }
        assert_eq!(run(&format!("#set($x = {expression})$x"), ""), value, "{expression}");
    }
}

#[test]
fn methods_as_java_has_them() {
    let text = "#set($s = 'a,b,,c,,')";
    for (call, value) in [
        ("length()", "8"),
        ("split(',')", "[\"a\",\"b\",\"\",\"c\"]"),
        ("split(',', -1).size()", "6"),
        ("substring(2, 3)", "b"),
        ("substring(7)", ","),
        ("indexOf('b')", "2"),
        ("indexOf('z')", "-1"),
        ("lastIndexOf(',')", "7"),
        ("replaceAll('([abc])', '<$1>')", "<a>,<b>,,<c>,,"),
        ("replace(',', '')", "abc"),
        ("toUpperCase()", "A,B,,C,,"),
        ("contains('c')", "true"),
        ("matches('[a-c,]+')", "true"),
        ("charAt(0)", "a"),
        ("equals('x')", "false"),
        ("startsWith('a')", "true"),
        ("substring(9)", ""),
    ] {
        assert_eq!(run(&format!("{text}$s.{call}"), ""), value, "{call}");
    }
    assert_eq!(run("#set($l = [3])$l.add('x')$l.size()$l.contains(3)$l[1]$l.get(0)#set($l[0] = 9)$l", ""), "true2truex3[9,\"x\"]");
    assert_eq!(
        run("#set($m = {})#set($m.k = 'v')$m.put('n', {'deep': 1})$m.n.deep $m['k'] $m.containsKey('z') $m.remove('k')$m", ""),
        "1 v false v{n={deep=1}}"
    );
    assert_eq!(run("#set($s = $m)#set($a = [])#set($b = $a)#set($unused = $b.add(1))$a", ""), "[1]");
}

#[test]
fn util() {
    assert_eq!(run("$util.escapeJavaScript($input.body)", "{\"a\": \"it's\\né/\"}"), "{\\\"a\\\": \\\"it\\'s\\\\n\\u00E9\\/\\\"}");
    assert_eq!(
        run("$util.urlEncode($input.body) $util.urlEncode($input.body.none)", "{\"some\": \"value\"}"),
        "%7B%22some%22%3A+%22value%22%7D "
    );
    assert_eq!(
        run("$util.base64Encode('hi') $util.base64Decode('aGk=') $util.urlDecode('a+b%21') $util.parseJson('{\"a\":[1]}').a[0]", ""),
        "aGk= hi a b! 1"
    );
}

#[test]
fn paths() {
    let json = json!({ "store": { "book": [{ "t": "a", "p": 5 }, { "t": "b", "p": 15 }, { "t": "c" }] }, "a-b": { "c d": 1 } });
    for (path, found) in [
        ("$.store.book[1].t", json!("b")),
        ("$['store']['book'][-1].t", json!("c")),
        ("$..t", json!(["a", "b", "c"])),
        ("$.store.book[*].p", json!([5, 15])),
        ("$.store.book[?(@.p > 10)].t", json!(["b"])),
        ("$.store.book[?(@.p)].t", json!(["a", "b"])),
        ("$.store.book[0:2].t", json!(["a", "b"])),
        ("$.store.book[0,2].t", json!(["a", "c"])),
        ("$.a-b['c d']", json!(1)),
        ("$.store.book[?(@.t == 'c')].t", json!(["c"])),
        ("$.store.book.length", json!(null)),
    ] {
        assert_eq!(find_in_json(&json, path).unwrap_or_default(), found, "{path}");
    }
    assert_eq!(find_in_json(&json, "$"), Some(json));
}

#[test]
fn everything_is_bounded() {
    assert!(refused("#foreach($i in [1..1001])x#end").contains("1000 iterations"));
    assert!(refused("#foreach($i in [1..1000])#foreach($j in [1..1000])#foreach($k in [1..1000])#end#end#end").contains("too long"));
    assert!(refused("#set($s = 'xxxxxxxxxxxxxxxx')#foreach($i in [1..30])#set($s = $s + $s)#end$s").contains("too"));
    assert!(refused(&"#if(true)".repeat(100)).contains("too deep"));
    assert!(refused(&format!("#set($x = {}1)", "(".repeat(200))).contains("too deep"));
    assert!(refused("#macro(a)#a()#end#a()").contains("too deep"));
    assert!(refused("#if(true)").contains("#end"));
    assert!(refused("#set($x 1)").contains("expected"));
    assert!(refused(&"x".repeat(MOST_TEMPLATE_BYTES + 1)).contains("larger"));
    // A map that holds itself twice, printed; a list deeper than a stack, dropped.
    assert!(refused("#set($m = {})$m.put('a', $m)$m.put('b', $m)$m").contains("too long"));
    run("#set($l = [])#foreach($i in [1..100])#foreach($j in [1..400])#set($l = [$l])#end#end", "");
}

#[test]
fn brackets_that_never_close_are_read_once() {
    // Each reference tries its bracket as an index, and each of these holds the rest of the template: tried anew at each level, that took half a minute.
    let nested = "$input.json('$.a')[[".repeat(15);
    assert_eq!(run(&nested, r#"{"a":1}"#), "1[[".repeat(15));
    assert_eq!(refused(&nested.repeat(2)), "line 1: expressions are nested too deep");
}

#[test]
fn work_grows_with_what_is_looked_at() {
    // A text of 8 MB, looked at, found in lists, printed from a list that holds it a thousand times.
    let long = "#set($s = 'xxxxxxxx')#foreach($i in [1..20])#set($s = $s + $s)#end";
    for rest in [
        "#foreach($i in [1..1000])#set($n = $s.length())#end",
        "#foreach($i in [1..1000])#set($n = $s.contains('y'))#end",
        "#set($l = [])#foreach($i in [1..1000])#set($x = $l.add($s))#end$l",
        "#set($l = [])#foreach($i in [1..1000])#set($x = $l.add($s))#end#if($l == 'x')#end",
        "#set($m = {})#foreach($i in [1..1000])$m.put(\"k$i\", $s)#end$m.toString().length()",
    ] {
        let why = refused(&format!("{long}{rest}"));
        assert!(why.contains("too long") || why.contains("too much") || why.contains("too large"), "{rest}: {why}");
    }
    let items = "#set($m = {})#foreach($i in [1..1000])#foreach($j in [1..90])$m.put(\"$i-$j\", 1)#end#end";
    for rest in ["", "#foreach($i in [1..900])#foreach($j in [1..90])#if($m.containsValue(2))#end#end#end"] {
        assert!(refused(&format!("{items}{rest}")).contains("too long"));
    }
    let patterns = "#foreach($i in [1..1000])#if($input.body.matches(\"(a{100}){$i}\"))#end#end";
    assert!(refused(patterns).contains("too long"));
}

#[test]
fn usual_work_is_done() {
    let body = format!("{{\"items\":[{}]}}", vec!["{\"name\":\"it's\",\"tags\":[1,2]}"; 900].join(","));
    let each = "#foreach($i in $input.path('$.items'))$i.name.replaceAll(\"'\", '').toUpperCase()#if($foreach.hasNext),#end#end";
    assert_eq!(run(each, &body).matches("ITS").count(), 900);
    // AWS's own idiom, on a body of 100 KB with more than a thousand marks.
    let body = format!("{{\"a\":\"{}\"}}", "it's a text that goes on for a while and then begins again, ".repeat(1800));
    let out = run("$util.escapeJavaScript($input.json('$.a')).replaceAll(\"\\\\'\", \"'\")", &body);
    assert_eq!(out.matches("it's").count(), 1800);
    assert!(refused("#set($s = 'xxxxxxxxxxxxxxxx')#foreach($i in [1..12])#set($s = $s + $s)#end$s.replaceAll('(x)', '$1$1$1$1')$s.replaceAll('', $s)").contains("too"));
}

#[test]
fn paths_that_lead_to_too_much() {
    let zeros = format!("[{}]", vec!["0"; 600].join(","));
    let json = json!([[[[1, 2, 3]]]]);
    assert_eq!(find_in_json(&json, &zeros.repeat(3)), None);
    let wide = json!([vec![1; 100_000]]);
    assert_eq!(find_in_json(&wide, &format!("{zeros}[*]")), None);
    assert_eq!(find_in_json(&wide, "$..*").map(|all| all.as_array().map(Vec::len)), Some(Some(100_001)));
    assert_eq!(find_in_json(&wide, &zeros), None, "six hundred copies of the same");
    assert_eq!(find_in_json(&json, &"[?(@".repeat(800)), None);
    assert_eq!(find_in_json(&json, &format!("${}{}", "[?(@".repeat(20), ")]".repeat(20))), None);
    assert!(refused_with(&format!("$input.path('${zeros}{zeros}{zeros}')"), &json.to_string()).contains("too much"));
}

#[test]
fn templates_are_read_once() {
    assert_eq!(run(&"#[[".repeat(MOST_TEMPLATE_BYTES / 3), "").len(), MOST_TEMPLATE_BYTES / 3 * 3);
    assert_eq!(run(&"$s[]\n".repeat(MOST_TEMPLATE_BYTES / 5), "").len(), MOST_TEMPLATE_BYTES / 5 * 3);
    let macros: String = (0..8000).map(|n| format!("#macro(m{n})#end")).collect();
    assert!(run(&format!("{macros}{}", "#q".repeat(40_000)), "").len() == 80_000);
}

#[test]
fn texts_in_quotation_marks_count_where_they_stand() {
    // Each text holds the next one, whose marks are doubled once more.
    let mut text = "x".to_owned();
    for _ in 0..12 {
        text = format!("{}\"{}$s\"{}", "(".repeat(40), text.replace('"', "\"\"").replacen("x", "$m.get(x)", 0), ")".repeat(40));
        text = format!("$m.get({text})");
    }
    assert_eq!(refused(&format!("#set($v = {text})")), "line 1: expressions are nested too deep");
    let mut tree = "1".to_owned();
    for _ in 0..20 {
        tree = format!("({tree}{}{}{})", "*1".repeat(40), "+1".repeat(40), "<1".repeat(40));
    }
    assert!(refused(&format!("#set($v = {tree})")).contains("too many terms"));
}

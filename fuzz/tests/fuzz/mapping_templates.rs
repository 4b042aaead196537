//! API Gateway's mapping templates: the language is read, and run on what it may ask of a request.

use crate::target::Target;
use apigateway::vtl::{Input, Scope, Template, Value, find_in_json, render};
use serde_json::json;

const SAMPLES: &[&str] = &[
    "#set($root = $input.path('$'))\n#foreach($item in $root.items)\n{\"id\": $item.id}#if($foreach.hasNext),#end\n#end",
    "#macro(row $a $b)$!{a}|$util.escapeJavaScript($b)#end#row('x', \"y${context.stage}\")#if($input.params('q') == '' || !$x)#stop#else#break#end",
    "#set($m = {'k': [1..5], 'n': {'d': 1.5}})$m.k[2] $m.put('z', $m.k.size()) $m.keySet() ${m['n'].d} #set($m.q = -3 % 2)#* c *### d\n#[[raw]]#",
    "$util.base64Decode($util.base64Encode($input.body)) $util.urlDecode('%41') $util.parseJson('{\"a\":[1]}').a.get(0) $input.json('$..a[?(@.b > 1)]')",
];

const WORDS: &str = "#set( #if( #elseif( #else #end #foreach( #macro( #break #stop ## #* *# #[[ ]]# $ $! ${ } ( ) [ ] { } .. && || == != <= - + * / % ' \" $input.path('$') $m $m.put('a',$m) .split('(a*)*b') .replaceAll('', 'xx') [0..99999] $..* ?(@ [0,0,0] [*] .putAll($m) .contains($m) .matches('(a{9}){99}') #set($s=$s+$s) #foreach($i in [1..999]) \\$ \u{e9} 99999999999999999999";

#[test]
fn mapping_templates() {
    let samples = SAMPLES.iter().map(|text| text.as_bytes().to_vec());
    Target::new("mapping_templates", samples, WORDS).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        std::hint::black_box(find_in_json(&json!({ "a": [{ "b": 2 }, null], "items": [1] }), &text));
        let Ok(template) = Template::parse(&text) else { return false };
        let mut scope = Scope::new();
        let query = vec![("q".to_owned(), "1".to_owned())];
        scope.set(
            "input",
            Value::Input(Input::new("{\"items\": [{\"id\": 1}, {\"id\": \"x\"}]}".into(), Vec::new(), query, Vec::new()).into()),
        );
        scope.set("util", Value::Util);
        scope.set("context", Value::of_json(&json!({ "stage": "live" })));
        if let Ok(out) = render(&template, &mut scope) {
            assert!(out.len() <= 10 << 20);
        }
        true
    });
}

//! Listings of both versions.

use crate::desk::Desk;

async fn filled() -> Desk {
    let desk = Desk::with_bucket("box").await;
    for key in ["a", "b/1", "b/2", "b/c/3", "d", "e%20f", "g/1"] {
        desk.put(&format!("/box/{key}"), key).await;
    }
    desk
}

#[tokio::test]
async fn keys_are_rolled_into_common_prefixes() {
    let desk = filled().await;
    let list = desk.get("/box?delimiter=%2F&list-type=2").await.ok();
    assert_eq!(list.elements("Key"), ["a", "d", "e f"]);
    let prefixes: Vec<String> = list.elements("CommonPrefixes");
    assert_eq!(prefixes, ["<Prefix>b/</Prefix>", "<Prefix>g/</Prefix>"]);
    assert_eq!(list.element("KeyCount").unwrap(), "5");
    assert!(list.element("LastModified").unwrap().starts_with("2023-11-14T22:13:20"));
    let below = desk.get("/box?delimiter=%2F&list-type=2&prefix=b%2F").await.ok();
    assert_eq!(below.elements("Key"), ["b/1", "b/2"]);
    assert!(below.text().contains("<CommonPrefixes><Prefix>b/c/</Prefix></CommonPrefixes>"));
    let encoded = desk.get("/box?encoding-type=url&list-type=2&prefix=e").await.ok();
    assert_eq!(encoded.elements("Key"), ["e+f"]);
}

#[tokio::test]
async fn pages_follow_one_another() {
    let desk = filled().await;
    for delimiter in ["", "delimiter=%2F&"] {
        let whole = desk.get(&format!("/box?{delimiter}list-type=2")).await.ok();
        let names =
            |text: &str| -> Vec<String> { text.split("<Key>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect() };
        let prefixes = |text: &str| text.matches("<CommonPrefixes>").count();
        let (mut keys, mut rolled, mut token) = (Vec::new(), 0, None::<String>);
        loop {
            let start = token.as_ref().map_or(String::new(), |token| format!("continuation-token={token}&"));
            let page = desk.get(&format!("/box?{start}{delimiter}list-type=2&max-keys=2")).await.ok();
            keys.extend(names(&page.text()));
            rolled += prefixes(&page.text());
            token = page.element("NextContinuationToken");
            if token.is_none() {
                assert_eq!(page.element("IsTruncated").unwrap(), "false");
                break;
            }
        }
        assert_eq!(keys, names(&whole.text()));
        assert_eq!(rolled, prefixes(&whole.text()));
    }
    let after = desk.get("/box?list-type=2&start-after=b%2F2").await.ok();
    assert_eq!(after.elements("Key"), ["b/c/3", "d", "e f", "g/1"]);
    let wrong = desk.get("/box?continuation-token=zz&list-type=2").await;
    assert_eq!(wrong.fault(), (400, "InvalidArgument".into()));
}

#[tokio::test]
async fn the_first_version_goes_on_behind_a_marker() {
    let desk = filled().await;
    let first = desk.get("/box?delimiter=%2F&max-keys=2").await.ok();
    assert_eq!(first.element("NextMarker").unwrap(), "b/");
    assert!(first.text().contains("<Owner><ID>"));
    let next = desk.get("/box?delimiter=%2F&marker=b%2F").await.ok();
    assert_eq!(next.elements("Key"), ["d", "e f"]);
    assert!(!next.text().contains("<CommonPrefixes><Prefix>b/"));
}

#[tokio::test]
async fn a_number_that_is_none_is_told_with_its_parameter() {
    let desk = filled().await;
    for (target, name) in
        [("/box?max-keys=blah", "max-keys"), ("/box?list-type=2&max-keys=2.5", "max-keys"), ("/box/a?partNumber=one", "partNumber")]
    {
        let answer = desk.get(target).await;
        assert_eq!(answer.fault(), (400, "InvalidArgument".into()), "{target}");
        assert_eq!(answer.element("ArgumentName").unwrap(), name);
        assert_eq!(answer.element("Message").unwrap(), format!("Provided {name} not an integer or within integer range"));
    }
}

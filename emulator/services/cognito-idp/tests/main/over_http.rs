//! The same operations as they travel: unsigned where users call, signed where administrators do, faults in JSON 1.1.

use crate::desk::{Desk, PASSWORD};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

struct Answer {
    status: u16,
    head: String,
    body: Value,
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

async fn post(desk: &Desk, to: SocketAddr, operation: &str, input: &Value, signed: bool) -> Answer {
    let body = input.to_string();
    let now = kit::time::amz_date(desk.cloud.clock().now());
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let headers = format!("content-type:application/x-amz-json-1.1\nhost:{to}\nx-amz-date:{now}\nx-amz-target:{target}\n");
    let names = "content-type;host;x-amz-date;x-amz-target";
    let canonical = format!("POST\n/\n\n{headers}\n{names}\n{}", kit::hex(&Sha256::digest(body.as_bytes())));
    let scope = format!("{}/us-east-1/cognito-idp/aws4_request", &now[..8]);
    let to_sign = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{}", kit::hex(&Sha256::digest(canonical.as_bytes())));
    let key = ["us-east-1", "cognito-idp", "aws4_request"].iter().fold(mac(b"AWS4test", &now[..8]), |key, part| mac(&key, part));
    let signature = kit::hex(&mac(&key, &to_sign));
    let mut request = format!("POST / HTTP/1.1\r\n{}", headers.replace('\n', "\r\n"));
    if signed {
        request += &format!("authorization: AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={names}, Signature={signature}\r\n");
    }
    request += &format!("content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: serde_json::from_str(body).unwrap_or(Value::Null) }
}

#[tokio::test]
async fn users_call_without_a_signature_and_administrators_with_one() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let gateway = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let server = gateway.serve(desk.cloud.clone(), None);
    let to = server.address();
    let done = post(&desk, to, "InitiateAuth", &desk.password_flow("ann@example.com", PASSWORD), false).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let tokens = &done.body["AuthenticationResult"];
    assert_eq!(tokens["TokenType"], "Bearer");
    let me = post(&desk, to, "GetUser", &json!({ "AccessToken": tokens["AccessToken"] }), false).await;
    assert_eq!(me.body["UserAttributes"].as_array().unwrap().len(), 2);
    let wrong = post(&desk, to, "InitiateAuth", &desk.password_flow("ann@example.com", "Wrong-Horse-9"), false).await;
    assert_eq!((wrong.status, &wrong.body["__type"]), (400, &json!("NotAuthorizedException")));
    assert_eq!(wrong.body["message"], "Incorrect username or password.");
    assert!(wrong.head.contains("content-type: application/x-amz-json-1.1"), "{}", wrong.head);
    // As browsers record of AWS: the name with a colon behind it, and the sentence.
    assert!(wrong.head.contains("\r\nx-amzn-errortype: notauthorizedexception:\r\n"), "{}", wrong.head);
    assert!(wrong.head.contains("\r\nx-amzn-errormessage: incorrect username or password.\r\n"), "{}", wrong.head);
    assert!(!done.head.contains("x-amzn-error"), "{}", done.head);
    let listing = json!({ "UserPoolId": desk.pool });
    let unsigned = post(&desk, to, "ListUsers", &listing, false).await;
    assert!(unsigned.status >= 400, "{}", unsigned.body);
    let signed = post(&desk, to, "ListUsers", &listing, true).await;
    assert_eq!((signed.status, signed.body["Users"].as_array().map(Vec::len)), (200, Some(1)), "{}", signed.body);
    server.stop().await;
}

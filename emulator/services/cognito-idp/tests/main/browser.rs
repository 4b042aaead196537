//! A browser without scripts, and a pool with a domain for it: it keeps cookies, follows forms and stops where it is led elsewhere.

use crate::desk::Desk;
use http::{Method, Request};
use serde_json::{Value, json};
use std::{cell::RefCell, collections::BTreeMap};
use wire::{Body, ReplyBody};

pub const DOMAIN: &str = "shop.auth.us-east-1.amazoncognito.com.localhost:4566";
pub const CALLBACK: &str = "https://shop.example/back?a=b";

/// A pool with domain `shop` and a client for the code and the implicit flow.
pub async fn shop(client: Value) -> Desk {
    shop_of(json!({ "AutoVerifiedAttributes": ["email"] }), client).await
}

pub async fn shop_of(pool: Value, more: Value) -> Desk {
    let mut client = json!({
        "AllowedOAuthFlowsUserPoolClient": true,
        "AllowedOAuthFlows": ["code", "implicit"],
        "AllowedOAuthScopes": ["openid", "email", "aws.cognito.signin.user.admin"],
        "CallbackURLs": [CALLBACK],
        "LogoutURLs": ["https://shop.example/out"],
        "SupportedIdentityProviders": ["COGNITO"],
    });
    client.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let desk = Desk::with(pool, client).await;
    desk.admin("CreateUserPoolDomain", json!({ "UserPoolId": desk.pool, "Domain": "shop" })).await;
    desk
}

/// What a domain answered.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub location: String,
    pub headers: http::HeaderMap,
    pub text: String,
}

impl Page {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
    /// A parameter of the URL that the browser is led to, in its query or its fragment.
    pub fn led(&self, name: &str) -> String {
        assert_eq!(self.status, 302, "{}", self.text);
        let (_, query) = self.location.split_once(['?', '#']).unwrap_or_default();
        let all = query.split(['&', '#', '?']).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        all.map(str::to_owned).unwrap_or_else(|| panic!("no {name} in {}", self.location))
    }
    /// The value of a field.
    pub fn field(&self, name: &str) -> String {
        let (_, rest) = self.text.split_once(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no field {name} in {}", self.text));
        let input = rest.split_once('>').unwrap().0;
        let value = input.split_once("value=\"").map_or("", |(_, value)| value.split_once('"').unwrap().0);
        unescaped(value)
    }
    /// Where the page's form goes.
    pub fn action(&self) -> String {
        unescaped(self.text.split_once("action=\"").unwrap_or_else(|| panic!("no form in {}", self.text)).1.split_once('"').unwrap().0)
    }
    /// What the page says is wrong.
    pub fn alert(&self) -> String {
        let (_, rest) = self.text.split_once("role=\"alert\">").unwrap_or_else(|| panic!("no alert in {}", self.text));
        unescaped(rest.split_once("</p>").unwrap().0)
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#123;", "{")
        .replace("&amp;", "&")
}

pub struct Browser<'a> {
    pub desk: &'a Desk,
    pub cookies: RefCell<BTreeMap<String, String>>,
}

impl Browser<'_> {
    pub fn new(desk: &Desk) -> Browser<'_> {
        Browser { desk, cookies: RefCell::default() }
    }
    pub async fn get(&self, url: &str) -> Page {
        self.send(Method::GET, url, &[], String::new()).await
    }
    /// Posts a form by itself, as clients do.
    pub async fn post(&self, url: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Page {
        let encode = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
        let body = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&");
        self.send(Method::POST, url, headers, body).await
    }
    /// Fills in a page's form with its hidden fields.
    pub async fn submit(&self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let mut all: Vec<(String, String)> = Vec::new();
        for part in page.text.split("type=\"hidden\" name=\"").skip(1) {
            let name = part.split_once('"').unwrap().0.to_owned();
            if !all.iter().any(|(known, _)| *known == name) {
                all.push((name.clone(), page.field(&name)));
            }
        }
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(&page.action(), &[], &all).await
    }
    async fn send(&self, method: Method, url: &str, headers: &[(&str, &str)], body: String) -> Page {
        let named = headers.iter().any(|(name, _)| *name == "host");
        let mut request = Request::builder().method(method).uri(url);
        if !named {
            request = request.header("host", DOMAIN);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let cookies: Vec<String> = self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let doors = self.desk.cloud.service("cognito-idp").unwrap().doors();
        let door = doors.iter().find(|door| door.takes(&self.desk.cloud, &head)).unwrap_or_else(|| panic!("no door takes {url}"));
        let answer = door.answer(self.desk.anybody.child(), head, Body::from_bytes(body)).await;
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
            let (name, value) = cookie.split_once(';').unwrap().0.split_once('=').unwrap();
            match cookie.contains("Max-Age=0") {
                true => drop(self.cookies.borrow_mut().remove(name)),
                false => drop(self.cookies.borrow_mut().insert(name.into(), value.into())),
            }
        }
        let (head, body) = answer.into_parts();
        let text = match body {
            ReplyBody::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            _ => String::new(),
        };
        let location = head.headers.get("location").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
        Page { status: head.status.as_u16(), location, headers: head.headers, text }
    }

    /// `/oauth2/authorize` for the desk's client.
    pub fn authorize(&self, more: &str) -> String {
        let back = CALLBACK.replace(':', "%3A").replace('/', "%2F").replace('?', "%3F").replace('=', "%3D");
        format!("/oauth2/authorize?client_id={}&redirect_uri={back}{more}", self.desk.client)
    }
    /// Signs in on the page that a request leads to.
    pub async fn sign_in(&self, more: &str, name: &str, password: &str) -> Page {
        let led = self.get(&self.authorize(more)).await;
        assert!(led.location.starts_with("/login?"), "{led:?}");
        let page = self.get(&led.location).await;
        self.submit(&page, &[("username", name), ("password", password)]).await
    }
    /// Exchanges a code.
    pub async fn exchange(&self, code: &str, more: &[(&str, &str)]) -> Page {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("client_id", self.desk.client.as_str()),
            ("code", code),
            ("redirect_uri", CALLBACK),
        ];
        fields.extend_from_slice(more);
        self.post("/oauth2/token", &[], &fields).await
    }
}

impl Page {
    /// Where the page's link to a path leads.
    pub fn location_of(&self, path: &str) -> String {
        let link = self.text.split("href=\"").skip(1).map(|part| part.split_once('"').unwrap().0).find(|link| link.contains(path));
        unescaped(link.unwrap_or_else(|| panic!("no link to {path} in {}", self.text)))
    }
}

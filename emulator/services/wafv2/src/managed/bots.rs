//! Bot Control at its common level: bots by what they call themselves. Names of rules, categories and labels are AWS's; which user agents
//! belong to them is approximated. A bot is verified where its address is on the user's list `VerifiedBot`: it is labelled, and not blocked.

use super::{Draft, about, header, look, matches};
use crate::engine::{Position, Statement};
use crate::model::TextTransformationType::Lowercase;

/// Rule, category as labels have it, pattern.
const CATEGORIES: [(&str, &str, &str); 16] = [
    ("CategoryAdvertising", "advertising", r"adsbot|mediapartners-google|adbeat|grapeshot|proximic|trendiction"),
    ("CategoryArchiver", "archiver", r"archive\.org_bot|ia_archiver|heritrix|wayback|arquivo"),
    ("CategoryContentFetcher", "content_fetcher", r"feedfetcher|feedly|flipboard|applebot-extended|newsblur|inoreader|rss"),
    ("CategoryEmailClient", "email_client", r"thunderbird|ms-office outlook|googleimageproxy|yahoomailproxy"),
    (
        "CategoryHttpLibrary",
        "http_library",
        r"^(?:curl|wget|python|aiohttp|httpx|go-http-client|java/|apache-httpclient|okhttp|axios|node-fetch|node|got |undici|libwww-perl|ruby|php|guzzlehttp|postmanruntime|insomnia|boto3|botocore|aws-cli|aws-sdk|reqwest|hyper|rest-client|faraday|restsharp|httpie|scrapy)",
    ),
    ("CategoryLinkChecker", "link_checker", r"linkchecker|w3c-checklink|brokenlink|xenu"),
    ("CategoryMiscellaneous", "miscellaneous", r"miscbot|turnitin|ezooms|domaincrawler"),
    ("CategoryMonitoring", "monitoring", r"pingdom|uptimerobot|statuscake|site24x7|newrelic|datadog|route53|amazon-route53"),
    ("CategoryPagePreview", "page_preview", r"slackbot|discordbot|whatsapp|telegrambot|skypeuripreview|embedly"),
    ("CategoryScrapingFramework", "scraping_framework", r"scrapy|colly|apify|mechanize|nutch|crawlee|webcopier|httrack"),
    ("CategorySearchEngine", "search_engine", r"googlebot|bingbot|duckduckbot|baiduspider|yandexbot|applebot|slurp|qwantify|seznambot"),
    ("CategorySecurity", "security", r"nessus|qualys|nmap|nikto|detectify|censysinspect|shodan|zgrab|expanse|internetmeasurement"),
    ("CategorySeo", "seo", r"ahrefsbot|semrushbot|mj12bot|dotbot|rogerbot|screaming frog|serpstat|blexbot"),
    ("CategorySocialMedia", "social_media", r"facebookexternalhit|facebot|twitterbot|linkedinbot|pinterestbot"),
    ("CategoryWebhooks", "webhooks", r"github-hookshot|stripe/|svix-webhooks|hookdeck"),
    (
        "CategoryAI",
        "ai",
        r"gptbot|chatgpt-user|oai-searchbot|claudebot|anthropic-ai|perplexitybot|bytespider|ccbot|amazonbot|google-extended|cohere-ai",
    ),
];

pub(super) fn rules() -> Vec<Draft> {
    let mut rules: Vec<Draft> = Vec::with_capacity(CATEGORIES.len() + 3);
    for (name, category, pattern) in CATEGORIES {
        let says = matches(header("user-agent"), &[Lowercase], &[pattern]);
        let label = format!("bot:category:{category}");
        let unverified = Statement::And(vec![says, Statement::Not(Box::new(Statement::Listed("VerifiedBot")))]);
        let rule = about(name, &label, unverified);
        rules.push(Draft { labels: vec![label, "bot:unverified".to_owned()], ..rule });
    }
    let automated = matches(header("user-agent"), &[Lowercase], &[r"headlesschrome|phantomjs|selenium|puppeteer|playwright|electron"]);
    rules.push(about("SignalAutomatedBrowser", "signal:automated_browser", automated));
    rules.push(super::draft("SignalKnownBotDataCenter", "signal:known_bot_data_center", Statement::Listed("KnownBotDataCenter")));
    let browser = Statement::Bytes(look(header("user-agent"), &[Lowercase]), b"mozilla/".to_vec(), Position::Starts);
    let unknown = Statement::And(vec![Statement::Not(Box::new(browser)), Statement::Not(Box::new(Statement::Listed("VerifiedBot")))]);
    rules.push(about("SignalNonBrowserUserAgent", "signal:non_browser_user_agent", unknown));
    rules
}

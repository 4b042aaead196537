// SRP-6a as Cognito speaks it, the client's side: the password never leaves the page. The group is RFC 3526's of 3072 bits, generator 2.

const N = BigInt("0xFFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B" +
  "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3D" +
  "C2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C" +
  "32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42D" +
  "AD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6B" +
  "F12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CA" +
  "FFFFFFFFFFFFFFFF");
const G = 2n;
const text = new TextEncoder();

const number = bytes => BigInt("0x" + ([...bytes].map(b => b.toString(16).padStart(2, "0")).join("") || "0"));
const base64 = bytes => btoa(String.fromCharCode(...bytes));
const unbase64 = chars => Uint8Array.from(atob(chars), c => c.charCodeAt(0));

// An even number of digits, and a zero byte in front where the top bit is set: so every integer is hashed.
function padded(n) {
  let hex = n.toString(16);
  if (hex.length % 2) hex = "0" + hex;
  if ("89abcdef".includes(hex[0])) hex = "00" + hex;
  return Uint8Array.from(hex.match(/../g), pair => parseInt(pair, 16));
}

function power(base, exponent) {
  let result = 1n;
  for (base %= N; exponent > 0n; exponent >>= 1n, base = base * base % N) {
    if (exponent & 1n) result = result * base % N;
  }
  return result;
}

async function hash(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer()));
}

async function mac(key, ...parts) {
  const held = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", held, await new Blob(parts).arrayBuffer()));
}

// `Tue Mar 3 04:05:06 UTC 2026`: the day without a zero in front.
export function timestamp(now = new Date()) {
  const [weekday, day, month, year, time] = now.toUTCString().replace(",", "").split(" ");
  return `${weekday} ${month} ${Number(day)} ${time} UTC ${year}`;
}

// The client's secret and public numbers of one sign-in.
export function begin() {
  const secret = number(crypto.getRandomValues(new Uint8Array(128)));
  return { secret, open: power(G, secret) };
}

// The answer to PASSWORD_VERIFIER. `pool` is the pool's id; what follows its `_` is hashed.
export async function answer({ secret, open }, pool, password, asked, now) {
  const name = pool.split("_")[1];
  const user = asked.USER_ID_FOR_SRP;
  const B = BigInt("0x" + asked.SRP_B);
  const salt = BigInt("0x" + asked.SALT);
  const u = number(await hash(padded(open), padded(B)));
  if (B % N === 0n || u === 0n) throw new Error("The server's numbers give the password away.");
  const k = number(await hash(padded(N), padded(G)));
  const x = number(await hash(padded(salt), await hash(text.encode(`${name}${user}:${password}`))));
  // What is subtracted is brought below N first, so that nothing is negative.
  const base = (B + (N - k * power(G, x) % N)) % N;
  const shared = power(base, secret + u * x);
  const early = await mac(padded(u), padded(shared));
  const key = (await mac(early, text.encode("Caldera Derived Key\u0001"))).slice(0, 16);
  const when = timestamp(now);
  const signature = await mac(key, text.encode(name), text.encode(user), unbase64(asked.SECRET_BLOCK), text.encode(when));
  return {
    USERNAME: user,
    PASSWORD_CLAIM_SECRET_BLOCK: asked.SECRET_BLOCK,
    PASSWORD_CLAIM_SIGNATURE: base64(signature),
    TIMESTAMP: when,
  };
}

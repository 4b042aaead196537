"""Signing in by SRP as Amazon's own client libraries do it: the password never travels. Written after RFC 5054 and Cognito's
particulars (padding, the key's name, the timestamp's form)."""

import base64
import datetime
import hashlib
import hmac
import os

N_HEX = (
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007C"
    "B8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36"
    "CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A8"
    "5521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D8760273"
    "3EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"
)
N = int(N_HEX, 16)
G = 2


def padded(number):
    """Big-endian bytes whose first bit is 0, as Java's BigInteger writes them."""
    digits = f"{number:x}"
    digits = digits if len(digits) % 2 == 0 else "0" + digits
    return bytes.fromhex("00" + digits if digits[0] in "89abcdef" else digits)


def digest(data):
    return hashlib.sha256(data).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def number(data):
    return int.from_bytes(data, "big")


def sign_in(cognito, pool_id, client_id, username, password):
    """The tokens of a user."""
    secret = number(os.urandom(128)) % N
    public = pow(G, secret, N)
    began = cognito.initiate_auth(
        AuthFlow="USER_SRP_AUTH", ClientId=client_id, AuthParameters={"USERNAME": username, "SRP_A": f"{public:x}"}
    )
    asked = began["ChallengeParameters"]
    theirs, salt, user = int(asked["SRP_B"], 16), int(asked["SALT"], 16), asked["USER_ID_FOR_SRP"]
    pool = pool_id.split("_", 1)[1]

    scramble = number(digest(padded(public) + padded(theirs)))
    multiplier = number(digest(padded(N) + padded(G)))
    private = number(digest(padded(salt) + digest(f"{pool}{user}:{password}".encode())))
    shared = pow(theirs - multiplier * pow(G, private, N), secret + scramble * private, N)
    key = mac(mac(padded(scramble), padded(shared)), b"Caldera Derived Key\x01")[:16]

    now = datetime.datetime.now(datetime.timezone.utc)
    stamp = now.strftime(f"%a %b {now.day} %H:%M:%S UTC %Y")
    block = base64.b64decode(asked["SECRET_BLOCK"])
    answered = cognito.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName="PASSWORD_VERIFIER",
        ChallengeResponses={
            "USERNAME": user,
            "TIMESTAMP": stamp,
            "PASSWORD_CLAIM_SECRET_BLOCK": asked["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(mac(key, pool.encode() + user.encode() + block + stamp.encode())).decode(),
        },
    )
    return answered["AuthenticationResult"]

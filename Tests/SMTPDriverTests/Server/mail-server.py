"""A mail server for tests. It prints its port, then one line of JSON for each message that it takes.

usage: mail-server.py none|starttls|implicit CERTIFICATE KEY USER PASSWORD

What it answers is written in the recipient: 550@… and 452@… are refused at RCPT, data-550@… and data-451@… after the
message, once-451@… only the first time, hang@… never; die@… ends the server after it took the message and before it says so.
"""
import asyncio
import json
import os
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult

mode, certificate, key, user, password = sys.argv[1:6]


class Handler:
    def __init__(self):
        self.seen = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name in ("550", "452"):
            return f"{name} scripted"
        if name == "hang":
            await asyncio.sleep(3600)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        name = envelope.rcpt_tos[0].split("@")[0]
        if name.startswith("data-"):
            return f"{name[5:]} scripted"
        if name.startswith("once-") and name not in self.seen:
            self.seen.add(name)
            return f"{name[5:]} scripted"
        print(
            json.dumps(
                {
                    "from": envelope.mail_from,
                    "to": envelope.rcpt_tos,
                    "tls": session.ssl is not None or mode == "implicit",
                    "user": session.auth_data.login.decode() if session.auth_data else None,
                    "content": envelope.original_content.decode("utf-8"),
                }
            ),
            flush=True,
        )
        if name == "die":
            os._exit(1)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    is_right = data.login.decode() == user and data.password.decode() == password
    return AuthResult(success=is_right, handled=False, auth_data=data)


def end_with_parent():
    """Standard input closes when the test that started this process is over, however it ends."""
    sys.stdin.read()
    os._exit(0)


async def main():
    threading.Thread(target=end_with_parent, daemon=True).start()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    handler = Handler()

    def protocol():
        return SMTP(
            handler,
            enable_SMTPUTF8=True,
            authenticator=authenticate,
            auth_required=mode != "none",
            auth_require_tls=mode == "starttls",
            require_starttls=mode == "starttls",
            tls_context=context if mode == "starttls" else None,
        )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=context if mode == "implicit" else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())

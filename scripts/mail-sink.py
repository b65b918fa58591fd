"""A mail server on loopback that keeps every mail as a file. Signing in is not needed; who does is "mockforge".

usage: mail-sink.py PORT MAILDIR PASSWORD
"""
import asyncio
import sys

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

port, folder, password = sys.argv[1:4]


def authenticate(server, session, envelope, mechanism, data):
    is_right = data == LoginPassword(b"mockforge", password.encode())
    return AuthResult(success=is_right, handled=False, auth_data=data)


async def main():
    mailbox = Mailbox(folder)

    def protocol():
        return SMTP(mailbox, authenticator=authenticate, auth_require_tls=False)

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", int(port))
    await server.serve_forever()


asyncio.run(main())

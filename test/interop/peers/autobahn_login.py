"""Logs in with Autobahn|Python and prints the content of WELCOME or ABORT as JSON.

    autobahn_login.py URL REALM AUTHID METHOD      reads the secret from standard input
"""

import asyncio
import json
import sys

import txaio

txaio.use_asyncio()

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.auth import create_authenticator

url, realm, authid, method = sys.argv[1:]
secret = sys.stdin.read().strip()
parts = {
    "ticket": {"ticket": secret},
    "wampcra": {"secret": secret},
    "cryptosign": {"privkey": secret},
}[method]
authenticator = create_authenticator(method, authid=authid, **parts)


class Login(ApplicationSession):
    def onConnect(self):
        self.join(realm, [method], authid, authextra=authenticator.authextra)

    def onChallenge(self, challenge):
        return authenticator.on_challenge(self, challenge)

    def onJoin(self, details):
        print(json.dumps([details.authid, details.authrole, details.authmethod]), flush=True)
        self.leave()

    def onLeave(self, details):
        if details.reason != "wamp.close.normal":
            print(json.dumps(details.reason), flush=True)
        self.disconnect()

    def onDisconnect(self):
        asyncio.get_event_loop().stop()


ApplicationRunner(url, realm).run(Login, log_level="critical")

"""Requests that are held, so that races happen in an order: control_pause says
which, and it waits before it is looked at (or after it was done, before it is
answered) until control_release says its name.
"""

import re
import threading
from urllib.parse import unquote

from google_fake import Refused, Service

PAUSE_MAX = 60


class Pause:
    def __init__(self, args):
        self.args = args
        self.seen = 0
        self.arrived = False
        self.released = False

    def applies(self, request):
        for name, text in (("method", request.method),
                           ("path", unquote(request.target)),
                           ("body", (request.data or b"").decode("latin-1")),
                           ("account", request.email or "")):
            if name in self.args and not re.search(self.args[name], text):
                return False
        self.seen += 1
        return self.seen == self.args.get("nth", 1)


class Pauses(Service):
    def __init__(self, world):
        super().__init__(world)
        world.pauses = self
        self.pauses = {}
        self.turn = threading.Condition(world.lock)

    def hold(self, r, when):
        """Called with the world locked, which is open meanwhile."""
        for name, pause in self.pauses.items():
            if pause.released or pause.args.get("when", "before") != when \
                    or not pause.applies(r):
                continue
            pause.arrived = True
            self.turn.notify_all()
            if not self.turn.wait_for(lambda: pause.released, PAUSE_MAX):
                raise Refused(501, None, body="nobody released %s" % name)
            return

    def control_pause(self, args):
        """{"name", "method", "path", "body", "account" (regular expressions;
        the target is decoded), "nth": N (1), "when": "before" or "after"}:
        holds that request, for a minute at most."""
        self.pauses[args["name"]] = Pause(args)

    def control_wait(self, args):
        """{"name", "seconds": N (20)}: until the request is held."""
        pause = self.pauses[args["name"]]
        if not self.turn.wait_for(lambda: pause.arrived,
                                  args.get("seconds", 20)):
            raise Refused(408, "timeout", "nobody came to " + args["name"])

    def control_release(self, args):
        """{"name"}: it goes on; or does not stop, when it comes later."""
        self.pauses[args["name"]].released = True
        self.turn.notify_all()

"""The simulator as an HTTP server: reads calls, lets the service decide, sends what it says."""

import asyncio
import time
from collections.abc import Callable

from aiohttp import web

from harvester.simulator.call import Call
from harvester.simulator.request_log import RequestLog
from harvester.simulator.service import Service
from harvester.simulator.wire import Manner, send


def make_application(
    service: Service,
    log: RequestLog,
    manner: Manner,
    begun: asyncio.Event,
    *,
    clock: Callable[[], float] = time.time,
) -> web.Application:
    """The application for any path and method. begun: set by the first request. clock: epoch seconds."""

    async def respond(request: web.Request) -> web.StreamResponse:
        call = Call(
            request.method,
            # What was signed is what the client sent: its Host header and its own escaping of the path.
            f"{request.scheme}://{request.host}{request.raw_path}",
            request.headers.get("Authorization"),
            await request.read(),
            request.content_type,
        )
        served = service.serve(call, clock())
        begun.set()
        log.write(served.entry)
        if served.delay_s:
            await asyncio.sleep(served.delay_s)
        return await send(request, served.reply, manner)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", respond)
    return application

import asyncio
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route


async def events():
    for n in range(100):
        yield f'data: {n}\n\n'
        await asyncio.sleep(0.1)


async def stream(request):
    return StreamingResponse(events(), media_type='text/event-stream')


app = Starlette(routes=[Route('/', stream)])
uvicorn.run(app, host='127.0.0.1', port=int(sys.argv[1]), log_level='error')

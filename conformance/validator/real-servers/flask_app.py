import sys
import time

from flask import Flask, Response

app = Flask(__name__)


@app.route('/')
def stream():
    def events():
        for n in range(100):
            yield f'data: {n}\n\n'
            time.sleep(0.1)

    return Response(events(), mimetype='text/event-stream')


app.run(host='127.0.0.1', port=int(sys.argv[1]))

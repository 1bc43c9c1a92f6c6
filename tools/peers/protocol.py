"""What the peers in Python share: how `convnextpose bench` is answered (README.md)."""
import json
import os
import sys
import time

import numpy as np


def serve(load):
    """Calls load(task, model bytes, pictures [N, 3, H, W]) once, which returns a function that runs
    the network and returns its coordinates, and a dict with the version and the settings; then
    times runs until the input ends.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What libraries print is no answer.
    questions = sys.stdin.buffer

    def answer(**fields):
        print(json.dumps(fields), file=answers, flush=True)

    try:
        task = json.loads(questions.readline())
        model = questions.read(task["model_bytes"])
        pictures = np.frombuffer(questions.read(4 * int(np.prod(task["input"]))), "<f4")
        run, about = load(task, model, pictures.reshape(task["input"]).copy())
        answer(**about)
        for line in questions:
            milliseconds = []
            for _ in range(int(line)):
                start = time.perf_counter()
                coordinates = run()
                milliseconds.append(1e3 * (time.perf_counter() - start))
            answer(ms=milliseconds, coordinates=np.asarray(coordinates).ravel().tolist())
    except ImportError as error:
        answer(error=f"absent: {error}; run tools/peers/setup.sh")
    except Exception as error:  # Whatever it is, the other side tells it.
        answer(error=" ".join(str(error).split()))

#!/usr/bin/python3
"""OpenCV's DNN module as a peer of `convnextpose bench`; README.md says what is spoken."""
import numpy as np
from protocol import serve


def load(task, model, pictures):
    import cv2
    cv2.setNumThreads(task["threads"])
    network = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
    network.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    network.setPreferableTarget(cv2.dnn.DNN_TARGET_CPU)

    def run():
        network.setInput(pictures, "picture")
        return network.forward()

    run()
    return run, {"version": cv2.__version__, "settings": "its own backend"}


serve(load)

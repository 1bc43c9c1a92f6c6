"""Writes testdata/eval/people.mat and people_compressed.mat as SciPy, and so the authors' code, does.

  /usr/bin/python3 tools/golden/make_mat.py       (Debian: python3-scipy)
"""
import pathlib

import numpy as np
from scipy.io import savemat

OUT = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "eval"


def main():
    person, joint, axis = np.meshgrid(range(2), range(17), range(3), indexing="ij")
    people = {"TS1_img_0001": 1000.0 * (person + 1) + 10 * joint + axis,
              "TS2_img_0007": np.tile(np.array([0.5, 0.25, -0.125], np.float32), (1, 17, 1))}
    savemat(OUT / "people.mat", people)
    savemat(OUT / "people_compressed.mat", people, do_compression=True)


if __name__ == "__main__":
    main()

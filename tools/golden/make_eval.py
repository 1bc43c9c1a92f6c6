"""Writes testdata/eval/people.json: people with predictions, and every number that scores them.

  /usr/bin/python3 tools/golden/make_eval.py       (Debian: python3-numpy)

Independent of convnextpose/eval: rotations come from Horn's quaternions (the eigenvector of a 4x4
matrix), not from singular values, and means from loops over joints.
"""
import json
import pathlib

import numpy as np

OUT = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "eval" / "people.json"
SETS = {"human36m": {"joints": 18, "root": 0, "scored": list(range(17)), "pck": list(range(17))},
        "mupots": {"joints": 17, "root": 14, "scored": list(range(17)), "pck": list(range(14))}}


def rotation(a, b):
    """The rotation R that brings R a nearest to b (both centred), [n, 3]."""
    s = a.T @ b
    n = np.zeros((4, 4))
    n[0, 0] = np.trace(s)
    delta = np.array([s[1, 2] - s[2, 1], s[2, 0] - s[0, 2], s[0, 1] - s[1, 0]])
    n[0, 1:] = n[1:, 0] = delta
    n[1:, 1:] = s + s.T - np.trace(s) * np.eye(3)
    w, x, y, z = np.linalg.eigh(n)[1][:, -1]
    return np.array([
        [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z]])


def aligned_error(predicted, truth, over, among, with_scale):
    """Mean distance over the joints `over` after an alignment found among the joints `among`."""
    a_mean, b_mean = predicted[among].mean(0), truth[among].mean(0)
    a, b = predicted[among] - a_mean, truth[among] - b_mean
    r = rotation(a, b)
    scale = np.sum(b * (a @ r.T)) / np.sum(a * a) if with_scale else 1.0
    moved = scale * (predicted - a_mean) @ r.T + b_mean
    return float(np.mean([np.linalg.norm(moved[j] - truth[j]) for j in over]))


def score(person):
    spec = SETS[person["set"]]
    predicted, truth = np.array(person["predicted_mm"]), np.array(person["truth_mm"])
    valid = person["valid"]
    every = [j for j in range(spec["joints"]) if valid[j]]
    scored = [j for j in spec["scored"] if valid[j]]
    p, t = predicted - predicted[spec["root"]], truth - truth[spec["root"]]
    joint = {j: float(np.linalg.norm(p[j] - t[j])) for j in scored}
    scale = max(0.0, sum(p[j] @ t[j] for j in scored) / sum(p[j] @ p[j] for j in scored))
    counted = [joint[j] for j in spec["pck"] if j in joint]
    thresholds = range(0, 151, 5)
    return {
        "joint_mm": [joint.get(j) for j in spec["scored"]],
        "mpjpe_mm": float(np.mean(list(joint.values()))),
        "pa_mpjpe_rigid_mm": aligned_error(predicted, truth, scored, every, False),
        "pa_mpjpe_mm": aligned_error(predicted, truth, scored, scored, True),
        "n_mpjpe_mm": float(np.mean([np.linalg.norm(scale * p[j] - t[j]) for j in scored])),
        "mrpe_mm": float(np.linalg.norm(predicted[spec["root"]] - truth[spec["root"]])),
        "pck3d_hits": sum(e < 150 for e in counted),
        "pck3d_joints": len(counted),
        "auc_sum": float(sum(np.mean([e < t for t in thresholds]) for e in counted)),
        "joint_share": [
            float(np.hypot(q[0] - u[0], q[1] - u[1]) / person["box"][2]) if v else None
            for q, u, v in zip(person["predicted_px"], person["truth_px"], person["visible"])]}


def make_person(rng, name, index):
    joints = SETS[name]["joints"]
    truth = rng.normal(0, [250, 500, 150], (joints, 3)) + rng.normal([0, 0, 4500], 300)
    angle = rng.normal(0, 0.12)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    middle = truth.mean(0)
    predicted = (truth - middle) @ turn.T * rng.uniform(0.9, 1.1) + middle
    predicted += rng.normal(0, rng.uniform(10, 90), (joints, 3)) + rng.normal(0, 80, 3)
    if index == 3:
        predicted[:, 0] = 2 * middle[0] - truth[:, 0]  # A mirror image: not to be undone.
    if index == 4:
        truth[:, 2] = truth[0, 2]  # In a plane: a reflection is as good as a rotation.
        predicted[:, 2] = predicted[0, 2]
    valid = [int(v) for v in rng.uniform(size=joints) < (0.75 if index % 3 == 2 else 1.1)]
    valid[SETS[name]["root"]] = 1
    truth_px = rng.uniform(100, 400, (joints, 2))
    width = float(rng.integers(200, 400))
    return {
        "set": name, "truth_mm": truth.round(2).tolist(), "predicted_mm": predicted.round(2).tolist(),
        "valid": valid, "box": [50.0, 60.0, width, width], "truth_px": truth_px.round(2).tolist(),
        "predicted_px": (truth_px + rng.normal(0, 0.1 * width, (joints, 2))).round(2).tolist(),
        "visible": [int(v) for v in rng.uniform(size=joints) < 0.9],
        "subject": [9, 11][index % 2], "action": 2 + index % 4, "camera": 1 + index % 3}


def tables(people):
    """Means of all people of one set."""
    scores = [p["expected"] for p in people]
    means = {key: float(np.mean([s[key] for s in scores]))
             for key in ("mpjpe_mm", "pa_mpjpe_rigid_mm", "pa_mpjpe_mm", "n_mpjpe_mm", "mrpe_mm")}
    joints = sum(s["pck3d_joints"] for s in scores)
    means["pck3d_150"] = sum(s["pck3d_hits"] for s in scores) / joints
    means["auc"] = sum(s["auc_sum"] for s in scores) / joints
    shares = [x for s in scores for x in s["joint_share"] if x is not None]
    for percent in (5, 10, 20):
        means[f"pck2d_{percent}"] = float(np.mean([x <= percent / 100 for x in shares]))
    return means


def main():
    rng = np.random.default_rng(4)
    golden = {"people": [], "tables": {}}
    for name in SETS:
        people = [make_person(rng, name, index) for index in range(12)]
        for person in people:
            person["expected"] = score(person)
        golden["people"] += people
        golden["tables"][name] = {"all": tables(people)}
        for key in ("subject", "action", "camera"):
            ids = sorted({p[key] for p in people})
            golden["tables"][name][key] = {
                str(i): tables([p for p in people if p[key] == i]) for i in ids}
        mm = [p["expected"]["joint_mm"] for p in people]
        golden["tables"][name]["joint_mm"] = [
            float(np.mean([row[j] for row in mm if row[j] is not None])) for j in range(17)]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(person) for person in golden["people"])
    OUT.write_text(f'{{"people": [\n{lines}\n],\n"tables": {json.dumps(golden["tables"], indent=1)}}}\n')


if __name__ == "__main__":
    main()

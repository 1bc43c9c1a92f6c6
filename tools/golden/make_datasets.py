"""Writes testdata/datasets: annotations of five datasets, made up, and the samples in them.

  /usr/bin/python3 tools/golden/make_datasets.py       (Debian: python3-numpy)

Independent of convnextpose/datasets: the samples in expected.json follow the published rules
(spec 4-datasets) line by line, in numpy, from the numbers as they stand in the files.
"""
import json
import math
import pathlib

import numpy as np

OUT = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "datasets"
RANDOM = np.random.default_rng(4)
COCO = ["nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
        "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip",
        "left_knee", "right_knee", "left_ankle", "right_ankle"]
MPII = ["R_Ankle", "R_Knee", "R_Hip", "L_Hip", "L_Knee", "L_Ankle", "Pelvis", "Thorax", "Neck",
        "Head", "R_Wrist", "R_Elbow", "R_Shoulder", "L_Shoulder", "L_Elbow", "L_Wrist"]


def numbers(low, high, *shape):
    return np.round(RANDOM.uniform(low, high, shape), 3)


def write(path, data):
    path = OUT / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data) + "\n")


def sample(image, annotation, image_px, visible, f=None, c=None, camera_mm=None, root=0):
    assumed = f is None
    if assumed:
        f, c = [1500, 1500], [image["width"] / 2, image["height"] / 2]
    return {"file": image["file_name"], "image_id": image["id"], "annotation_id": annotation["id"],
            "box": annotation["bbox"], "f": list(f), "c": list(c), "assumed": assumed,
            "image_px": np.asarray(image_px).tolist(), "visible": [int(v > 0) for v in visible],
            "camera_mm": [] if camera_mm is None else np.asarray(camera_mm).tolist(),
            "root_depth_mm": None if camera_mm is None else float(np.asarray(camera_mm)[root, 2])}


# ---- Human3.6M

def rotation():
    q, r = np.linalg.qr(RANDOM.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def human36m():
    tests = {1: [], 5: []}
    for subject in (9, 11):
        cameras, joints, images, annotations = {}, {}, [], []
        for cam in (1, 2):
            r = rotation()
            # Everybody is about 5 m in front of each camera.
            cameras[str(cam)] = {"R": r.tolist(), "t": [100.0 * cam, -50.0, 5000.0 + subject],
                                 "f": [1145.05, 1143.78], "c": [512.54, 515.45]}
        for action, name in ((2, "Directions"), (16, "WalkTogether")):
            joints[str(action)] = {"1": {}, "2": {}}
            for subaction in (1, 2):
                for frame in (0, 5, 64, 65):
                    joints[str(action)][str(subaction)][str(frame)] = \
                        numbers(-900, 900, 17, 3).tolist()
                    for cam in (1, 2):
                        take = f"s_{subject:02}_act_{action:02}_subact_{subaction:02}_ca_{cam:02}"
                        number = 1000 * subject + len(images)
                        images.append({
                            "id": number, "file_name": f"{take}/{take}_{frame + 1:06}.jpg",
                            "width": 1000, "height": 1002, "subject": subject,
                            "action_name": name, "action_idx": action,
                            "subaction_idx": subaction, "cam_idx": cam, "frame_idx": frame})
                        x, y = numbers(100, 500, 2)
                        annotations.append({"id": 7 * number, "image_id": number,
                                            "bbox": [x, y, 200.5, 300.25],
                                            "keypoints_vis": [True] * 17})
        base = f"human36m/annotations/Human36M_subject{subject}_"
        write(base + "camera.json", cameras)
        write(base + "joint_3d.json", joints)
        write(base + "data.json", {"images": images, "annotations": annotations})
        for every, samples in ((64, tests[1]), (5, tests[5])):
            for image, annotation in zip(images, annotations):
                if image["frame_idx"] % every != 0:
                    continue
                camera = cameras[str(image["cam_idx"])]
                world = np.array(joints[str(image["action_idx"])][str(image["subaction_idx"])]
                                 [str(image["frame_idx"])])
                world = np.vstack([world, (world[11] + world[14]) * 0.5])
                cam = (np.array(camera["R"]) @ world.T).T + np.array(camera["t"])
                px = cam[:, :2] / cam[:, 2:] * np.array(camera["f"]) + np.array(camera["c"])
                out = sample(image, annotation, px, [1] * 18, camera["f"], camera["c"], cam)
                out["origin"] = [image[k] for k in ("subject", "action_idx", "subaction_idx",
                                                    "cam_idx", "frame_idx")]
                samples.append(out)
    return {"human36m": {"samples": tests[1], "by_rule": 0},
            "human36m every 5th": {"samples": tests[5], "by_rule": 0}}


# ---- in the picture alone

def pictures(folder, count):
    return [{"id": 10 + i, "file_name": f"{folder}{i:04}.jpg", "width": 640 + i, "height": 480}
            for i in range(count)]


def keypoints(joints):
    points = numbers(0, 400, joints, 3)
    points[:, 2] = RANDOM.integers(0, 3, joints)
    points[points[:, 2] == 0] = 0
    return points


def mpii():
    images, annotations, samples, skipped = pictures("images/", 3), [], [], 0
    for i in range(5):
        points = keypoints(16) if i != 2 else np.zeros((16, 3))
        annotations.append({"id": 100 + i, "image_id": images[i % 3]["id"], "category_id": 1,
                            "iscrowd": 0, "num_keypoints": int((points[:, 2] > 0).sum()),
                            "keypoints": points.flatten().tolist(),
                            "bbox": [10.5, 20.0, 300.0, 200.0 + i]})
        if annotations[-1]["num_keypoints"] == 0:
            skipped += 1
            continue
        samples.append(sample(images[i % 3], annotations[-1], points[:, :2], points[:, 2]))
    write("mpii/annotations/val.json", {"images": images, "annotations": annotations,
                                        "categories": [{"id": 1, "keypoints": MPII}]})
    return {"mpii": {"samples": samples, "by_rule": skipped}}


def coco_samples(images, annotations):
    samples, skipped = [], 0
    for annotation in annotations:
        if annotation["iscrowd"] or annotation["num_keypoints"] == 0:
            skipped += 1
            continue
        image = next(i for i in images if i["id"] == annotation["image_id"])
        joints = np.array(annotation["keypoints"]).reshape(-1, 3)
        for a, b in ((5, 6), (11, 12)):  # Thorax, Pelvis
            middle = (joints[a] + joints[b]) * 0.5
            middle[2] = joints[a, 2] * joints[b, 2]
            joints = np.vstack([joints, middle])
        samples.append(sample(image, annotation, joints[:, :2], joints[:, 2]))
    return {"samples": samples, "by_rule": skipped}


def coco():
    images, annotations = pictures("", 4), []
    for i in range(7):
        points = keypoints(17) if i != 3 else np.zeros((17, 3))
        crowd = i == 5
        annotations.append({"id": 2 ** 40 + i, "image_id": images[i % 4]["id"], "category_id": 1,
                            "segmentation": {"counts": [1, 2], "size": [3, 4]} if crowd else [[1]],
                            "iscrowd": int(crowd), "num_keypoints": int((points[:, 2] > 0).sum()),
                            "keypoints": points.flatten().tolist(),
                            "bbox": [0.0, 5.25, 100.0 + i, 120.0]})
    data = {"images": images, "annotations": annotations,
            "categories": [{"id": 1, "name": "person", "keypoints": COCO, "skeleton": [[16, 14]]}]}
    write("coco/annotations/person_keypoints_val2017.json", data)
    write("coco-json/annotations/test.json", data)
    expected = coco_samples(images, annotations)
    return {"coco": expected, "coco-json": expected}


# ---- in space

def project(cam, f, c):
    return np.round(cam[:, :2] / cam[:, 2:] * np.array(f) + np.array(c), 3)


def muco():
    images, annotations, samples, skipped = [], [], [], 0
    for i in range(8):
        f, c = numbers(1400, 1500, 2).tolist(), numbers(900, 1100, 2).tolist()
        images.append({"id": i, "file_name": f"augmented_set/{i}.jpg", "width": 2048,
                       "height": 2048, "f": f, "c": c})
        own = []
        for person in range(RANDOM.integers(1, 5)):
            root = np.array([numbers(-1500, 1500, 1)[0], numbers(-100, 100, 1)[0],
                             numbers(2500, 5000, 1)[0]])
            cam = np.round(root + RANDOM.uniform(-400, 400, (21, 3)), 3)
            own.append({"id": 10 * i + person, "image_id": i, "bbox": [400.0, 300.0, 700.0, 900.0],
                        "keypoints_img": project(cam, f, c).tolist(),
                        "keypoints_cam": cam.tolist()})
        annotations += own
        roots = [np.array(a["keypoints_cam"][14]) for a in own]
        depths = [r[2] for r in roots]
        closest = depths.index(min(depths))
        picked = [closest]
        for a in range(len(own)):
            if a == closest:
                continue
            alone = True
            for b in range(len(own)):
                if a == b:
                    continue
                squares = (roots[a] - roots[b]) ** 2
                if math.sqrt(squares[:2].sum()) < 500 or math.sqrt(squares.sum()) < 500:
                    alone = False
            if alone:
                picked.append(a)
        skipped += len(own) - len(picked)
        samples += [sample(images[-1], own[p], own[p]["keypoints_img"], [1] * 21, f, c,
                           own[p]["keypoints_cam"], 14) for p in sorted(picked)]
    write("muco/annotations/MuCo-3DHP.json", {"images": images, "annotations": annotations})
    return {"muco": {"samples": samples, "by_rule": skipped}}


def mupots():
    images, annotations, samples, skipped = [], [], [], 0
    for i in range(3):
        f, c = numbers(1400, 1500, 2).tolist(), numbers(900, 1100, 2).tolist()
        images.append({"id": i, "file_name": f"TS{i + 1}/img_{i:06}.jpg", "width": 2048,
                       "height": 2048, "intrinsic": f + c})
        for person in range(2):
            cam = np.round(numbers(-400, 400, 17, 3) + [0, 0, 4000], 3)
            valid = int(i != 1 or person == 0)
            annotations.append({"id": 2 * i + person, "image_id": i, "is_valid": valid,
                                "bbox": [400.0, 300.0, 700.0, 900.0],
                                "keypoints_img": project(cam, f, c).tolist(),
                                "keypoints_cam": cam.tolist()})
            if not valid:
                skipped += 1
                continue
            samples.append(sample(images[-1], annotations[-1], annotations[-1]["keypoints_img"],
                                  [1] * 17, f, c, cam, 14))
    write("mupots/MuPoTS-3D.json", {"images": images, "annotations": annotations})
    return {"mupots": {"samples": samples, "by_rule": skipped}}


if __name__ == "__main__":
    write("expected.json", {**human36m(), **mpii(), **coco(), **muco(), **mupots()})

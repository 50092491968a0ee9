#!/usr/bin/env python3
"""other-runs.py KIND DIR: lays in DIR what other programs leave of a run.

KIND: mlflow, tensorboard, wandb, dvc, votakvot. Messages are encoded by the
library of Protocol Buffers, from the numbers of the fields that
event.proto and summary.proto of TensorFlow, plugin_data.proto of TensorBoard
and wandb_internal.proto of wandb give them; frames as their documents say.
"""
import os
import struct
import sys
import zlib

from google.protobuf import (descriptor_pb2, descriptor_pool, message_factory,
                             struct_pb2, timestamp_pb2)

START = 1720091755

# message: field: (number, type), "[]" in front: repeated
MESSAGES = {
    "Event": {"wall_time": (1, "double"), "step": (2, "int64"),
              "file_version": (3, "string"), "summary": (5, "Summary")},
    "Summary": {"value": (1, "[]SummaryValue")},
    "SummaryValue": {"tag": (1, "string"), "simple_value": (2, "float"),
                     "image": (4, "Image"), "histo": (5, "Histo"),
                     "tensor": (8, "Tensor"), "metadata": (9, "Metadata")},
    "Image": {"height": (1, "int32"), "width": (2, "int32"),
              "encoded_image_string": (4, "bytes")},
    "Histo": {"min": (1, "double")},
    "Tensor": {"dtype": (1, "int32"), "tensor_content": (4, "bytes"),
               "float_val": (5, "[]float"), "double_val": (6, "[]double"),
               "int_val": (7, "[]int32"), "string_val": (8, "[]bytes"),
               "int64_val": (10, "[]int64")},
    "Metadata": {"plugin_data": (1, "Plugin")},
    "Plugin": {"plugin_name": (1, "string"), "content": (2, "bytes")},
    "HParams": {"session_start_info": (3, "SessionStart"),
                "session_end_info": (4, "SessionEnd")},
    "SessionStart": {"hparams": (1, "[]HParam")},
    "HParam": {"key": (1, "string"), "value": (2, "google.protobuf.Value")},
    "SessionEnd": {"status": (1, "int32")},

    "Record": {"num": (1, "int64"), "history": (2, "History"),
               "summary": (3, "Items"), "config": (5, "Items"),
               "stats": (7, "Stats"), "output_raw": (13, "Output"),
               "run": (17, "Run"), "exit": (18, "Exit")},
    "Item": {"key": (1, "string"), "nested_key": (2, "[]string"),
             "value_json": (16, "string")},
    "Items": {"update": (1, "[]Item"), "remove": (2, "[]Item")},
    "History": {"item": (1, "[]Item"), "step": (2, "Step")},
    "Step": {"num": (1, "int64")},
    "Stats": {"stats_type": (1, "int32"),
              "timestamp": (2, "google.protobuf.Timestamp"),
              "item": (3, "[]Item")},
    "Output": {"line": (3, "string")},
    "Run": {"run_id": (1, "string"), "project": (3, "string"),
            "config": (4, "Items"), "display_name": (8, "string"),
            "notes": (9, "string"), "tags": (10, "[]string"),
            "host": (13, "string"),
            "start_time": (17, "google.protobuf.Timestamp"),
            "git": (21, "Git")},
    "Git": {"remote_url": (1, "string"), "commit": (2, "string")},
    "Exit": {"exit_code": (1, "int32"), "runtime": (2, "int32")},
}


def make_messages():
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="other.proto", package="other", syntax="proto2",
        dependency=["google/protobuf/struct.proto",
                    "google/protobuf/timestamp.proto"])
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            f = message.field.add(name=field, number=number)
            f.label = (kinds.LABEL_REPEATED if kind.startswith("[]")
                       else kinds.LABEL_OPTIONAL)
            kind = kind.replace("[]", "")
            if kind in MESSAGES or "." in kind:
                f.type = kinds.TYPE_MESSAGE
                f.type_name = "." + (kind if "." in kind else "other." + kind)
            else:
                f.type = getattr(kinds, "TYPE_" + kind.upper())
    pool = descriptor_pool.DescriptorPool()
    for needed in struct_pb2, timestamp_pb2:
        pool.AddSerializedFile(needed.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(
        pool.FindMessageTypeByName("other." + name)) for name in MESSAGES}


M = make_messages()


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


# ---- MLflow ----------------------------------------------------------------

def mlflow(top, run="0a1b2c3d4e5f60718293a4b5c6d7e8f9", status=3):
    write(top + "/mlruns/7/meta.yaml",
          "artifact_location: file:///gone/mlruns/7\ncreation_time: 1\n"
          "experiment_id: '7'\nlifecycle_stage: active\nname: digits\n")
    base = top + "/mlruns/7/" + run
    end = "null" if status == 1 else str(START * 1000 + 9000)
    write(base + "/meta.yaml",
          "artifact_uri: file:///gone/mlruns/7/%s/artifacts\n"
          "end_time: %s\nentry_point_name: ''\nexperiment_id: '7'\n"
          "lifecycle_stage: active\nrun_id: %s\nrun_name: bold-shrew-12\n"
          "run_uuid: %s\nsource_name: ''\nsource_type: 4\n"
          "source_version: ''\nstart_time: %d\nstatus: %d\ntags: []\n"
          "user_id: ann\n" % (run, end, run, run, START * 1000 + 123, status))
    write(base + "/params/lr", "0.01")
    write(base + "/params/model/depth", "3")
    write(base + "/params/note", "two\nlines")
    write(base + "/tags/mlflow.source.name", "train.py")
    write(base + "/tags/mlflow.source.git.commit", "c0ffee" * 6 + "beef")
    write(base + "/metrics/loss", "".join(
        "%d %r %d\n" % (START * 1000 + 1000 * i, 1 / (i + 1), i)
        for i in range(4)) + "17200917")
    write(base + "/metrics/val/acc", "%d 0.75 1\n%d nan 3 a b\nbad line\n" %
          (START * 1000 + 1500, START * 1000 + 3500))
    write(base + "/metrics/system/cpu", "%d 12.5 0\n" % (START * 1000 + 50))
    write(base + "/metrics/at", "%d 1.0 0\n" % (START * 1000))
    write(base + "/artifacts/model/weights.bin", bytes(range(256)))
    write(base + "/artifacts/empty.txt", "")
    write(top + "/mlruns/7/deleted/meta.yaml",
          "lifecycle_stage: deleted\nrun_id: deleted\n")


# ---- TensorBoard -----------------------------------------------------------

def crc32c(data, table=[]):
    if not table:
        for i in range(256):
            for _ in range(8):
                i = i >> 1 ^ (0x82f63b78 if i & 1 else 0)
            table.append(i)
    crc = 0xffffffff
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xffffffff


def masked(data):
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xa282ead8)
                       & 0xffffffff)


def event(time, step=0, **value):
    e = M["Event"](wall_time=time, step=step)
    if value:
        e.summary.value.add(**value)
    else:
        e.file_version = "brain.Event:2"
    data = e.SerializeToString()
    head = struct.pack("<Q", len(data))
    return head + masked(head) + data + masked(data)


def plugin(name, content=b""):
    return {"plugin_data": {"plugin_name": name, "content": content}}


def tensorboard(top):
    hparams = M["HParams"]()
    for key, value in (("lr", 0.1), ("opt", "adam"), ("n", 3), ("on", True)):
        one = hparams.session_start_info.hparams.add(key=key)
        field = {float: "number_value", int: "number_value",
                 str: "string_value", bool: "bool_value"}[type(value)]
        setattr(one.value, field, value)
    end = M["HParams"](session_end_info={"status": 1})
    out = event(START + .5)
    for i in range(3):
        out += event(START + i + 1, i, tag="loss", simple_value=1 / (i + 3))
    out += event(START + 1, 0, tag="_hparams_/session_start_info",
                 metadata=plugin("hparams", hparams.SerializeToString()))
    out += event(START + 4, 0, tag="_hparams_/session_end_info",
                 metadata=plugin("hparams", end.SerializeToString()))
    out += event(START + 2, 1, tag="weights", histo={"min": 1})
    out += event(START + 2, 1, tag="old/image", image={
        "height": 1, "width": 1, "encoded_image_string": b"\x89PNG old"})
    out += event(START + 2, 1, tag="new image", metadata=plugin("images"),
                 tensor={"dtype": 7,
                         "string_val": [b"1", b"1", b"\xff\xd8\xff jpg"]})
    out += event(START + 2, 1, tag="said", metadata=plugin("text"),
                 tensor={"dtype": 7, "string_val": ["two\nlines".encode()]})
    write(top + "/logs/run1/events.out.tfevents.1720091755.box.1", out)
    out = event(START + 1)
    out += event(START + 3, 2, tag="acc", metadata=plugin("scalars"),
                 tensor={"dtype": 1,
                         "tensor_content": struct.pack("<f", .875)})
    # the plugin stands with the first value of a tag only
    out += event(START + 4, 3, tag="acc",
                 tensor={"dtype": 1, "float_val": [.9375]})
    out += event(START + 4, 3, tag="big",
                 tensor={"dtype": 9, "int64_val": [1 << 40]})
    out += event(START + 4, 3, tag="fine",
                 tensor={"dtype": 2, "double_val": [1e-300]})
    write(top + "/logs/run1/validation/events.out.tfevents.1720091756.box.1",
          out + b"\x10\0\0")
    for part in "train", "validation":
        write(top + "/logs/keras/%s/events.out.tfevents.1720092000.%s.2" %
              (part, part), event(START + 300) +
              event(START + 301, 0, tag="epoch_loss", simple_value=.25))


# ---- W&B -------------------------------------------------------------------

class Log:
    def __init__(self):
        self.data = struct.pack("<4sHB", b":W&B", 0xbee1, 0)

    def piece(self, data, kind):
        crc = zlib.crc32(data, zlib.crc32(bytes([kind])))
        self.data += struct.pack("<IHB", crc, len(data), kind) + data

    def add(self, **record):
        data = M["Record"](**record).SerializeToString()
        left = 32768 - len(self.data) % 32768
        if left < 7:
            self.data += bytes(left)
            left = 32768
        if len(data) + 7 <= left:
            self.piece(data, 1)
            return
        self.piece(data[:left - 7], 2)
        data = data[left - 7:]
        while len(data) > 32761:
            self.piece(data[:32761], 3)
            data = data[32761:]
        self.piece(data, 4)


def items(**pairs):
    return [{"key": k, "value_json": v} for k, v in pairs.items()]


def wandb(top, rows=1500):
    log = Log()
    log.add(num=1, run={
        "run_id": "ab12cd34", "project": "proj", "display_name": "bold/sun:7",
        "notes": "what I tried", "tags": ["a", "b"], "host": "box",
        "start_time": {"seconds": START, "nanos": 500000000},
        "git": {"remote_url": "https://example.org/x", "commit":
                "c0ffee" * 6 + "beef"},
        "config": {"update": items(lr="0.1", _wandb="{}")}})
    for i in range(rows):
        log.add(history={"item": items(_timestamp="%r" % (START + i + .25),
                                       _step="%d" % i, acc="NaN") + [
            {"nested_key": ["train", "loss"], "value_json": repr(1 / (i + 1))}],
            "step": {"num": i}})
    log.add(history={"item": items(
        _step=str(rows), images='{"_type":"images/separated"}',
        grad='{"a": 1.5, "b": {"c": 2}}')})
    log.add(stats={"timestamp": {"seconds": START + 2},
                   "item": items(cpu="12.5")})
    log.add(config={"update": items(note='"%s"' % ("x" * 70000),
                                    layers="[1, 2]")})
    log.add(summary={"update": items(best="0.001", _runtime="5")})
    log.add(output_raw={"line": "passed over"})
    log.add(exit={"exit_code": 1, "runtime": 12})
    run = top + "/wandb/offline-run-20240704_111555-ab12cd34"
    write(run + "/run-ab12cd34.wandb", log.data)
    write(run + "/files/output.log", "hello\n")
    write(run + "/files/media/images/a.png", b"\x89PNG")


# ---- the others ------------------------------------------------------------

def dvc(top, first=0.5):
    base = top + "/dvclive"
    write(base + "/params.yaml", "lr: 0.1\nmodel:\n  depth: 3\n")
    write(base + "/metrics.json",
          '{"step": 1, "train": {"loss": 0.1}, "acc": 0.9}')
    write(base + "/plots/metrics/train/loss.tsv",
          "step\tloss\n0\t%r\n1\t0.1\n" % first)
    write(base + "/plots/metrics/acc.tsv", "timestamp\tstep\tacc\n"
          "%d\t0\t0.5\n%d\t1\t0.9\n" % (START * 1000, START * 1000 + 1000))
    write(base + "/plots/images/a.png", b"\x89PNG")
    write(base + "/artifacts/model.pkl", b"model")


def votakvot(top):
    trial = top + "/trials/train/lr=1"
    write(trial + "/votakvot.yaml",
          "at: {created: 2024-07-04 11:15:55.123456, finished: 2024-07-04 "
          "11:16:00, started: 2024-07-04 11:15:55.2}\n"
          "info: {acc: 0.5, 'a.b': !!python/tuple [1, 2]}\n"
          "meta: {system: {platform: linux}}\nparams: {x: 1}\nresult: 3\n"
          "state: done\ntid: train/lr=1\n"
          "uid: 0123456789abcdef0123456789abcdef\nvotakvot: 0.1\n")
    write(trial + "/metrics-0000.csv",
          "at,loss,said\n%d.5,0.5,\n%d.5,0.25,\"a, b\"\n" %
          (START, START + 1))
    write(trial + "/metrics-0001-aux.jsonl", '{"at": %d.5, "x": 1}\n' % START)
    write(trial + "/model/weights", "weights")


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2])

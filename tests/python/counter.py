"""What the system of a counter does for one case: ask what the case lacks, fetch what is held,
publish what is missing, and ask again until nothing is left to collect.

    counter.py CONNECTION SYSTEM CASE.json SCANS
"""
import hashlib, json, os, pathlib, sys, uuid
import grpc
from oncebus.v1 import checklist_pb2 as check, common_pb2 as bus, material_pb2_grpc, transfer_pb2 as move, transfer_pb2_grpc

profile, name, case, scans = json.load(open(sys.argv[1])), sys.argv[2], json.load(open(sys.argv[3])), pathlib.Path(sys.argv[4])
me, read = profile["systems"][name], lambda path: pathlib.Path(path).read_bytes()
tls = grpc.ssl_channel_credentials(read(profile["ca_file"]), read(me["key_file"]), read(me["cert_file"]))
channel = grpc.secure_channel(profile["endpoint"].removeprefix("https://"), tls)
material, transfer = material_pb2_grpc.MaterialServiceStub(channel), transfer_pb2_grpc.TransferServiceStub(channel)
purpose = bus.Purpose(item=case["item"], case_number=case["case"], cause="CAUSE_APPROVAL", legal_basis=case["basis"],
                      officer=case["officer"], authorization=bus.Authorization(kind="AUTHORIZATION_KIND_STATUTORY_DUTY"))
subjects = {role: bus.Subject(scheme=s.split(":")[0], value=s.split(":")[1]) for role, s in case["parties"].items()}
new = lambda: str(uuid.uuid4())

def resolve():
    parties = [check.Party(role=role, subject=subject) for role, subject in subjects.items() if role != "project"]
    answer = material.ResolveRequirements(check.ResolveRequirementsRequest(
        item=case["item"], project=subjects["project"].value, parties=parties, facts=case["facts"], purpose=purpose))
    return answer.counts, [r for item in answer.items for r in item.requirements]

def publish(need):
    data = (scans / f"{need.material_type}.pdf").read_bytes()
    digest = bus.Digest(algorithm="DIGEST_ALGORITHM_SHA256", value=hashlib.sha256(data).digest())
    begun = transfer.BeginPublish(move.BeginPublishRequest(
        material_type=need.material_type, subject=subjects[need.party], number=f"{case['case']}-{need.material_type}",
        size_bytes=len(data), digest=digest, media_type="application/pdf", request_id=new(), purpose=purpose))
    for at in range(begun.offset, len(data), 1 << 20):
        transfer.PutChunk(move.PutChunkRequest(upload=begun.upload, offset=at, data=data[at:at + (1 << 20)]))
    transfer.CommitPublish(move.CommitPublishRequest(upload=begun.upload, size_bytes=len(data), digest=digest, request_id=new()))

for need in [need for need in resolve()[1] if need.may_ask]:
    publish(need)
counts, needs = resolve()
for held in [m for need in needs for m in need.materials if m.version]:
    parts = transfer.FetchMaterial(move.FetchMaterialRequest(version=held.version, request_id=new(), purpose=purpose))
    (scans / f"fetched-{held.material_type}").write_bytes(b"".join(part.data for part in parts))
print(json.dumps({"asked": counts.asked, "held": counts.held, "to_collect": counts.to_collect}))

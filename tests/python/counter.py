"""What the system of a counter does for one case: ask what it lacks, publish what nobody holds, fetch what is held,
and ask again. Usage: counter.py CONNECTION SYSTEM CASE.json SCANS, with the code of our .proto files on the path."""
import hashlib, json, pathlib, sys, uuid
import grpc
from oncebus.v1 import checklist_pb2 as lists, common_pb2 as bus, material_pb2_grpc, transfer_pb2 as move, transfer_pb2_grpc

profile, case, scans = json.load(open(sys.argv[1])), json.load(open(sys.argv[3])), pathlib.Path(sys.argv[4])
mine, read = profile["systems"][sys.argv[2]], lambda path: pathlib.Path(path).read_bytes()
tls = grpc.ssl_channel_credentials(read(profile["ca_file"]), read(mine["key_file"]), read(mine["cert_file"]))
named = [("grpc.ssl_target_name_override", profile["server_name"])]
channel = grpc.secure_channel(profile["endpoint"].removeprefix("https://"), tls, named)
material, transfer = material_pb2_grpc.MaterialServiceStub(channel), transfer_pb2_grpc.TransferServiceStub(channel)
purpose = bus.Purpose(item=case["item"], case_number=case["case"], cause="CAUSE_APPROVAL", legal_basis=case["basis"],
                      officer=case["officer"], authorization={"kind": "AUTHORIZATION_KIND_STATUTORY_DUTY"})
parties = {role: dict(zip(("scheme", "value"), who.split(":"))) for role, who in case["parties"].items()}

def resolve():
    others = [{"role": role, "subject": who} for role, who in parties.items() if role != "project"]
    answer = material.ResolveRequirements(lists.ResolveRequirementsRequest(
        item=case["item"], project=parties["project"]["value"], parties=others, facts=case["facts"], purpose=purpose))
    return answer.counts, [need for item in answer.items for need in item.requirements]

def publish(need):
    data = read(scans / f"{need.material_type}.pdf")
    digest = {"algorithm": "DIGEST_ALGORITHM_SHA256", "value": hashlib.sha256(data).digest()}
    begun = transfer.BeginPublish(move.BeginPublishRequest(
        material_type=need.material_type, subject=parties[need.party], number=case["case"], size_bytes=len(data),
        digest=digest, media_type="application/pdf", request_id=str(uuid.uuid4()), purpose=purpose))
    for at in range(begun.offset, len(data), 1 << 20):
        transfer.PutChunk(move.PutChunkRequest(upload=begun.upload, offset=at, data=data[at:at + (1 << 20)]))
    transfer.CommitPublish(move.CommitPublishRequest(
        upload=begun.upload, size_bytes=len(data), digest=digest, request_id=str(uuid.uuid4())))

[publish(need) for need in resolve()[1] if need.may_ask]
counts, needs = resolve()
for need, held in [(need, held) for need in needs for held in need.materials]:
    parts = transfer.FetchMaterial(move.FetchMaterialRequest(material_type=held.material_type, number=held.number,
        subject=parties[need.party], request_id=str(uuid.uuid4()), purpose=purpose))
    (scans / f"fetched-{held.material_type}").write_bytes(b"".join(part.data for part in parts))
print(json.dumps({"asked": counts.asked, "held": counts.held, "to_collect": counts.to_collect}))

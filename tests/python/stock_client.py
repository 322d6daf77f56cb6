"""What an agency's own program does, with nothing but grpcio and our .proto files.

Publishes 5 MiB as one system in two runs, the first of which stops at 3 MiB, then fetches them as
another system. Usage: stock_client.py CONNECTION_JSON PROTO_DIR PUBLISHER FETCHER
"""

import hashlib
import importlib
import json
import pathlib
import sys
import tempfile
import uuid

import grpc
from grpc_tools import protoc

MIB = 1024 * 1024
SIZE = 5 * MIB
STOP = 3 * MIB


def generated(proto_dir):
    """Generates the client code, as an agency would, and returns its modules."""
    out = tempfile.mkdtemp(prefix="oncebus-python-")
    files = sorted(pathlib.Path(proto_dir, "oncebus", "v1").glob("*.proto"))
    include = pathlib.Path(protoc.__file__).parent / "_proto"
    args = [f"-I{proto_dir}", f"-I{include}", f"--python_out={out}", f"--grpc_python_out={out}"]
    if protoc.main(["protoc", *args, *map(str, files)]) != 0:
        sys.exit("protoc failed")
    sys.path.insert(0, out)
    names = ["common_pb2", "transfer_pb2", "transfer_pb2_grpc"]
    return [importlib.import_module(f"oncebus.v1.{name}") for name in names]


def channel(connection, system):
    """Opens a mutual TLS channel as one system."""
    mine = connection["systems"][system]
    read = lambda path: pathlib.Path(path).read_bytes()
    credentials = grpc.ssl_channel_credentials(
        read(connection["ca_file"]), read(mine["key_file"]), read(mine["cert_file"])
    )
    options = [("grpc.ssl_target_name_override", connection["server_name"])]
    target = connection["endpoint"].removeprefix("https://")
    return grpc.secure_channel(target, credentials, options)


def main():
    connection = json.loads(pathlib.Path(sys.argv[1]).read_text())
    publisher, fetcher = sys.argv[3:5]
    common, transfer, services = generated(sys.argv[2])
    content = bytes(i * 31 % 251 for i in range(MIB)) * 5
    digest = common.Digest(
        algorithm=common.DIGEST_ALGORITHM_SHA256, value=hashlib.sha256(content).digest()
    )
    purpose = common.Purpose(
        item="I14",
        case_number="CASE-1",
        cause=common.CAUSE_APPROVAL,
        legal_basis="Construction Law, article 8",
        officer="officer-7",
        authorization=common.Authorization(kind=common.AUTHORIZATION_KIND_STATUTORY_DUTY),
    )
    subject = common.Subject(scheme="project", value="2501-370800-04-01-000016")
    material_type = sorted(connection["systems"][publisher]["publishes"])[0]
    begin = transfer.BeginPublishRequest(
        material_type=material_type,
        subject=subject,
        number="PY-1",
        size_bytes=SIZE,
        digest=digest,
        media_type="application/pdf",
        request_id=str(uuid.uuid4()),
        purpose=purpose,
    )

    def upload(stub, until):
        begun = stub.BeginPublish(begin)
        offset = begun.offset
        while offset < until:
            data = content[offset : min(offset + MIB, until)]
            put = transfer.PutChunkRequest(upload=begun.upload, offset=offset, data=data)
            offset = stub.PutChunk(put).offset
        return begun

    with channel(connection, publisher) as first:
        begun = upload(services.TransferServiceStub(first), STOP)
        assert begun.offset == 0, begun
    with channel(connection, publisher) as second:
        stub = services.TransferServiceStub(second)
        resumed = upload(stub, SIZE)
        assert resumed.upload == begun.upload, (resumed, begun)
        assert resumed.offset == STOP, resumed
        commit = transfer.CommitPublishRequest(
            upload=begun.upload, size_bytes=SIZE, digest=digest, request_id=str(uuid.uuid4())
        )
        committed = stub.CommitPublish(commit)
        assert not committed.already_held, committed
        assert committed.receipt.checkpoint, committed

    with channel(connection, fetcher) as third:
        stub = services.TransferServiceStub(third)
        fetch = transfer.FetchMaterialRequest(
            material_type=material_type,
            subject=subject,
            number="PY-1",
            purpose=purpose,
            request_id=str(uuid.uuid4()),
        )
        got, receipt = hashlib.sha256(), None
        for message in stub.FetchMaterial(fetch):
            got.update(message.data)
            receipt = message.receipt if message.HasField("receipt") else receipt
        assert got.digest() == digest.value, "the fetched content differs"
        assert receipt is not None and receipt.index > 0, receipt
        refused = transfer.FetchMaterialRequest(
            material_type=material_type, subject=subject, request_id=str(uuid.uuid4())
        )
        try:
            next(stub.FetchMaterial(refused))
            sys.exit("a call without purpose was answered")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
    print(json.dumps({"resumed_at": resumed.offset, "digest": got.hexdigest()}))


main()

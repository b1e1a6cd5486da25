"""Makes two buckets and a user who may read one of them, then has moto check permissions. Answers with the user's keys."""

import json
import sys
import urllib.request

import boto3

endpoint = sys.argv[1]
readable = json.loads(sys.stdin.readline())["readable"]
admin = {
    "endpoint_url": endpoint,
    "region_name": "us-east-1",
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
}
s3 = boto3.client("s3", **admin)
iam = boto3.client("iam", **admin)
for bucket in (readable, "closed"):
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="file", Body=b"content")
iam.create_user(UserName="reader")
policy = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{readable}", f"arn:aws:s3:::{readable}/*"],
        }
    ],
}
iam.put_user_policy(UserName="reader", PolicyName="read-one", PolicyDocument=json.dumps(policy))
key = iam.create_access_key(UserName="reader")["AccessKey"]
# From the next request on, moto looks who asks. Plain text, because it would read a form as no data at all.
urllib.request.urlopen(
    urllib.request.Request(f"{endpoint}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"})
)
print(
    json.dumps({"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}),
    flush=True,
)

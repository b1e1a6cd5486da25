# What Tidemark needs of AWS: a role that reads the lake and publishes to one topic, and that topic; where variables say so
# it reads settings, metrics and reports of buckets, and CloudWatch's metrics, and writes those of one namespace. It writes nothing else. `tidemark doctor --policy -c tidemark.yaml` prints the same policy for a given configuration.

locals {
  prefix = trim(var.prefix, "/")
  below  = local.prefix == "" ? "*" : "${local.prefix}/*"
  bucket = "arn:aws:s3:::${var.bucket}"
}

data "aws_iam_policy_document" "tidemark" {
  statement {
    sid       = "ListLake"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket]

    dynamic "condition" {
      for_each = local.prefix == "" ? [] : [local.prefix]
      content {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = [condition.value, "${condition.value}/", "${condition.value}/*"]
      }
    }
  }

  statement {
    sid       = "ReadLake"
    actions   = ["s3:GetObject"]
    resources = ["${local.bucket}/${local.below}"]
  }

  dynamic "statement" {
    for_each = length(var.advised_buckets) == 0 ? [] : [var.advised_buckets]
    content {
      sid = "Buckets"
      actions = [
        "s3:GetBucketLocation",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketVersioning",
        "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
        "s3:ListBucketMultipartUploads",
        "s3:ListBucketVersions",
      ]
      resources = [for bucket in statement.value : "arn:aws:s3:::${bucket}"]
    }
  }

  dynamic "statement" {
    for_each = length(var.advised_buckets) == 0 ? [] : [var.advised_buckets]
    content {
      sid       = "Uploads"
      actions   = ["s3:ListMultipartUploadParts"]
      resources = [for bucket in statement.value : "arn:aws:s3:::${bucket}/*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.advised_buckets) == 0 ? [] : [true]
    content {
      sid       = "BucketMetrics"
      actions   = ["cloudwatch:GetMetricStatistics"]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.reports) == 0 ? [] : [var.reports]
    content {
      sid       = "ListReports"
      actions   = ["s3:ListBucket"]
      resources = distinct([for place in statement.value : "arn:aws:s3:::${split("/", place)[0]}"])
    }
  }

  dynamic "statement" {
    for_each = length(var.reports) == 0 ? [] : [var.reports]
    content {
      sid       = "ReadReports"
      actions   = ["s3:GetObject"]
      resources = [for place in statement.value : "arn:aws:s3:::${trimsuffix(place, "/")}/*"]
    }
  }

  dynamic "statement" {
    for_each = var.read_metrics ? [true] : []
    content {
      sid       = "ReadMetrics"
      actions   = ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = var.metrics_namespace == "" ? [] : [var.metrics_namespace]
    content {
      sid       = "WriteMetrics"
      actions   = ["cloudwatch:PutMetricData"]
      resources = ["*"]

      condition {
        test     = "StringLike"
        variable = "cloudwatch:namespace"
        values   = [statement.value, "${statement.value}/*"]
      }
    }
  }

  statement {
    sid       = "Notify"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]
  }
}

resource "aws_sns_topic" "alerts" {
  name              = "${var.name}-alerts"
  kms_master_key_id = var.kms_key_id
}

resource "aws_iam_policy" "tidemark" {
  name   = var.name
  policy = data.aws_iam_policy_document.tidemark.json
}

resource "aws_iam_role" "tidemark" {
  name               = var.name
  assume_role_policy = var.assume_role_policy
}

resource "aws_iam_role_policy_attachment" "tidemark" {
  role       = aws_iam_role.tidemark.name
  policy_arn = aws_iam_policy.tidemark.arn
}

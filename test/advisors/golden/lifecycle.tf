resource "aws_s3_bucket_lifecycle_configuration" "b_1st_lake" {
  bucket                                 = "1st.lake"
  transition_default_minimum_object_size = "all_storage_classes_128K"

  rule {
    id     = "tidemark-tier"
    status = "Enabled"

    filter {
      and {
        prefix                   = "gold/"
        object_size_greater_than = 131072
        object_size_less_than    = 9000000000
      }
    }

    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }

    transition {
      days          = 90
      storage_class = "GLACIER_IR"
    }

    noncurrent_version_transition {
      noncurrent_days = 30
      storage_class   = "GLACIER_IR"
    }
  }

  rule {
    id     = "tidemark-leftovers"
    status = "Enabled"

    filter {}

    expiration {
      expired_object_delete_marker = true
    }

    noncurrent_version_expiration {
      noncurrent_days           = 30
      newer_noncurrent_versions = 3
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "old words"
    status = "Disabled"

    filter {
      prefix = "tmp/"
    }

    transition {
      days          = 1
      storage_class = "INTELLIGENT_TIERING"
    }

    expiration {
      date = "2026-01-01T00:00:00Z"
    }
  }

  rule {
    id     = "a \"quoted\" $${var.x} %%{if true} $$${y}\nnext \\ line"
    status = "Enabled"

    filter {
      and {
        prefix = "}\n{"

        tags = {
          "k\""      = "$${file(\"/etc/passwd\")}"
          "längerer" = "\u202e"
        }
      }
    }

    expiration {
      days = 1
    }
  }

  rule {
    id     = "one tag"
    status = "Enabled"

    filter {
      tag {
        key   = "dropped"
        value = "yes"
      }
    }

    expiration {
      days = 7
    }
  }
}

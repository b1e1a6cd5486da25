variable "name" {
  description = "Name of the role, its policy, and the start of the topic's name."
  type        = string
  default     = "tidemark"
}

variable "bucket" {
  description = "The bucket of the lake."
  type        = string
}

variable "prefix" {
  description = "The folder of the lake in its bucket; empty for all of it."
  type        = string
  default     = ""
}

variable "assume_role_policy" {
  description = "JSON: who may take the role (an EC2 instance, an EKS service account, an ECS task)."
  type        = string
}

variable "kms_key_id" {
  description = "Key that the topic is encrypted with; its policy must let the role use it."
  type        = string
  default     = null
}

variable "read_metrics" {
  description = "Whether a cloudwatch source reads metrics."
  type        = bool
  default     = false
}

variable "metrics_namespace" {
  description = "The namespace of telemetry.cloudwatch, such as DataPipeline; empty where runs are not written to CloudWatch."
  type        = string
  default     = ""
}

variable "advised_buckets" {
  description = "Buckets of an s3 source: their settings, unfinished uploads and storage metrics are read."
  type        = list(string)
  default     = []
}

variable "reports" {
  description = "Where S3 delivers inventory, access logs and storage class analysis of them, as bucket/prefix."
  type        = list(string)
  default     = []
}

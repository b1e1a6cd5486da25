output "role_arn" {
  description = "The role that Tidemark runs as."
  value       = aws_iam_role.tidemark.arn
}

output "topic_arn" {
  description = "For `sns_configs: [{ topic_arn: … }]`."
  value       = aws_sns_topic.alerts.arn
}

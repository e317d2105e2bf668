output "credentials_command" {
  description = "Makes kubectl and helm speak to the cluster."
  value       = "gcloud container clusters get-credentials ${google_container_cluster.shop.name} --region ${var.region} --project ${var.project}"
}

output "name_servers" {
  description = "To be entered as NS records of the shop's name where its parent domain is kept."
  value       = google_dns_managed_zone.shop.name_servers
}

output "address" {
  description = "The shop's public address."
  value       = google_compute_global_address.shop.address
}

output "address_name" {
  description = "For the ingress: annotation kubernetes.io/ingress.global-static-ip-name."
  value       = google_compute_global_address.shop.name
}

output "certificate_name" {
  description = "For the ingress: annotation ingress.gcp.kubernetes.io/pre-shared-cert."
  value       = google_compute_managed_ssl_certificate.shop.name
}

output "image_repository" {
  description = "Where the image is pushed to, and what image.repository is."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}/quadrille"
}

output "backup_bucket" {
  description = "Where backups go."
  value       = google_storage_bucket.backups.url
}

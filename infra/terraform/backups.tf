# Backups. The policy keeps each from being changed or deleted before its time. It is not locked, so that an
# owner of the project can still lift it: locking can't be undone, and neither can a mistake in it.
resource "google_storage_bucket" "backups" {
  name                        = "${var.project}-${var.name}-backups"
  location                    = var.region
  storage_class               = "NEARLINE"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  retention_policy {
    retention_period = var.backup_retention_days * 24 * 60 * 60
  }

  lifecycle_rule {
    condition {
      age = var.backup_retention_days + 1
    }
    action {
      type = "Delete"
    }
  }

  # What is deleted all the same can be had back for a week.
  soft_delete_policy {
    retention_duration_seconds = 7 * 24 * 60 * 60
  }

  depends_on = [google_project_service.used]
}

# The backup job's own identity: it adds and reads objects, and deletes none.
resource "google_storage_bucket_iam_member" "backup" {
  for_each = toset(["roles/storage.objectCreator", "roles/storage.objectViewer"])

  bucket = google_storage_bucket.backups.name
  role   = each.value
  member = "principal://iam.googleapis.com/projects/${data.google_project.this.number}/locations/global/workloadIdentityPools/${var.project}.svc.id.goog/subject/ns/${split("/", var.backup_service_account)[0]}/sa/${split("/", var.backup_service_account)[1]}"
}

data "google_project" "this" {
  project_id = var.project
}

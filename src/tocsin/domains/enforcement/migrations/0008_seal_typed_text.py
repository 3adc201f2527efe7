"""Seal why a step differs from the policy's; it lay in clear until now, in the history as well."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from tocsin.core.audit.rewriting import rewriting
from tocsin.core.crypto.seal import seal
from tocsin.core.crypto.typed_text import sealed_as


def seal_reasons(apps, schema_editor):
    decisions = apps.get_model("enforcement", "Decision")
    added, removed = ["deviation_reason_sealed"], ["deviation_reason"]
    with rewriting(decisions, "migrate.seal_typed_text", added=added, removed=removed):
        seal_rows(decisions)
    seal_rows(apps.get_model("enforcement", "DecisionEvent"))


def seal_rows(model):
    for row in model.objects.exclude(deviation_reason="").iterator():
        name = sealed_as("decision", row.id, "deviation_reason")
        sealed = seal(f"case:{row.case_id}", name, row.deviation_reason)
        model.objects.filter(pk=row.pk).update(deviation_reason_sealed=sealed)


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0005_seal_typed_text'),
        ('enforcement', '0007_remove_action_insert_insert_and_more'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='decision',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='decision',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='decision',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='decision',
            name='deviation_reason_sealed',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='decisionevent',
            name='deviation_reason_sealed',
            field=models.BinaryField(null=True),
        ),
        migrations.RunPython(seal_reasons),
        migrations.RemoveField(
            model_name='decision',
            name='deviation_reason',
        ),
        migrations.RemoveField(
            model_name='decisionevent',
            name='deviation_reason',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decision',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "enforcement_decisionevent" ("appeal_until", "automated", "case_id", "chosen_step", "clause_id", "decided_at", "decider_id", "deviation_reason_sealed", "facts_disclosable_sealed", "facts_internal_sealed", "finding", "id", "in_force_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "policy_version_id", "proposed_step", "reversed_at", "second_reader_id", "standard_of_proof", "state", "subject_id", "violation_code") VALUES (NEW."appeal_until", NEW."automated", NEW."case_id", NEW."chosen_step", NEW."clause_id", NEW."decided_at", NEW."decider_id", NEW."deviation_reason_sealed", NEW."facts_disclosable_sealed", NEW."facts_internal_sealed", NEW."finding", NEW."id", NEW."in_force_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."policy_version_id", NEW."proposed_step", NEW."reversed_at", NEW."second_reader_id", NEW."standard_of_proof", NEW."state", NEW."subject_id", NEW."violation_code"); RETURN NULL;', hash='2c16fcb6e2969393cbe8d4141de093bf40df7870', operation='INSERT', pgid='pgtrigger_insert_insert_a6501', table='enforcement_decision', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decision',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "enforcement_decisionevent" ("appeal_until", "automated", "case_id", "chosen_step", "clause_id", "decided_at", "decider_id", "deviation_reason_sealed", "facts_disclosable_sealed", "facts_internal_sealed", "finding", "id", "in_force_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "policy_version_id", "proposed_step", "reversed_at", "second_reader_id", "standard_of_proof", "state", "subject_id", "violation_code") VALUES (NEW."appeal_until", NEW."automated", NEW."case_id", NEW."chosen_step", NEW."clause_id", NEW."decided_at", NEW."decider_id", NEW."deviation_reason_sealed", NEW."facts_disclosable_sealed", NEW."facts_internal_sealed", NEW."finding", NEW."id", NEW."in_force_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."policy_version_id", NEW."proposed_step", NEW."reversed_at", NEW."second_reader_id", NEW."standard_of_proof", NEW."state", NEW."subject_id", NEW."violation_code"); RETURN NULL;', hash='7cf8a1fbf6615e7c770c2ef3ea1435bf7f10ffa4', operation='UPDATE', pgid='pgtrigger_update_update_2e25c', table='enforcement_decision', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decision',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "enforcement_decisionevent" ("appeal_until", "automated", "case_id", "chosen_step", "clause_id", "decided_at", "decider_id", "deviation_reason_sealed", "facts_disclosable_sealed", "facts_internal_sealed", "finding", "id", "in_force_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "policy_version_id", "proposed_step", "reversed_at", "second_reader_id", "standard_of_proof", "state", "subject_id", "violation_code") VALUES (OLD."appeal_until", OLD."automated", OLD."case_id", OLD."chosen_step", OLD."clause_id", OLD."decided_at", OLD."decider_id", OLD."deviation_reason_sealed", OLD."facts_disclosable_sealed", OLD."facts_internal_sealed", OLD."finding", OLD."id", OLD."in_force_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."policy_version_id", OLD."proposed_step", OLD."reversed_at", OLD."second_reader_id", OLD."standard_of_proof", OLD."state", OLD."subject_id", OLD."violation_code"); RETURN NULL;', hash='a92a56794acb09fe976da4f225a98a748ebcfe4b', operation='DELETE', pgid='pgtrigger_delete_delete_361f4', table='enforcement_decision', when='AFTER')),
        ),
    ]

/* What each record of the plan may hold: plan_records.c has the table, plan_nested.c those that are made of records themselves. */
#ifndef TUG_PLAN_RECORDS_H
#define TUG_PLAN_RECORDS_H

#include "plan_bytes.h"

/* Checks a record and enters it into the parser's plan. */
int plan_parse_record(struct plan_parser *parser, const struct plan_record *record, struct error *err);

int plan_parse_mount(struct plan_parser *parser, struct plan_slice payload, struct error *err);
int plan_parse_device(struct plan_parser *parser, struct plan_slice payload, struct error *err);
int plan_parse_log(struct plan_parser *parser, struct plan_slice payload, struct error *err);
int plan_parse_namespace(struct plan_parser *parser, struct plan_slice payload, struct error *err);
int plan_parse_events(struct plan_parser *parser, struct plan_slice payload, struct error *err);

#endif

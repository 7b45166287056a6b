#!/usr/bin/env python3
"""Writes fleet.json, the dashboard: python3 make.py > fleet.json. A test compares its metrics with those that there are."""
import json

SOURCE = {"type": "prometheus", "uid": "${source}"}
DEVICES, GATEWAYS, ALL = '{role="device",name=~"$member"}', '{role="gateway",name=~"$member"}', '{name=~"$member"}'

# Rows of panels: title, unit, what it means, queries with their legends, and the kind of panel.
ROWS = [
    ("Now", [
        ("Devices with a link", "none", "Devices that see a server.", [(f"sum(dqa_link_up{DEVICES})", "")], "stat"),
        ("Frames waiting", "none", "Without an answer, on devices' disks.", [(f"sum(dqa_outbox_frames{DEVICES})", "")], "stat"),
        ("Frames lost", "none", "Since the devices' processes began.", [(f"sum(dqa_frames_lost_total{DEVICES})", "")], "stat"),
        ("Alarms that stand", "none", "Devices whose stream has changed.", [(f"sum(dqa_drift_alarm{DEVICES})", "")], "stat"),
    ]),
    ("Frames", [
        ("Answers", "ops", "Per second, by gateway.", [(f"rate(dqa_frames_answered_total{GATEWAYS}[$__rate_interval])", "{{name}}")], "timeseries"),
        ("Sent again, twice, without refinements, lost", "ops", "What a link that is slow or away looks like.", [
            (f"sum(rate(dqa_frames_resent_total{ALL}[$__rate_interval]))", "sent again"),
            (f"sum(rate(dqa_frames_duplicate_total{ALL}[$__rate_interval]))", "came twice"),
            (f"sum(rate(dqa_frames_cut_total{ALL}[$__rate_interval]))", "without refinements"),
            (f"sum(rate(dqa_frames_answered_locally_total{ALL}[$__rate_interval]))", "answered on the device"),
            (f"sum(rate(dqa_frames_lost_total{ALL}[$__rate_interval]))", "lost"),
            (f"sum(rate(dqa_frames_refused_total{ALL}[$__rate_interval]))", "refused"),
            (f"sum(rate(dqa_answers_forged_total{ALL}[$__rate_interval]))", "answers that nobody signed"),
        ], "timeseries"),
        ("Outboxes", "bytes", "On devices' disks.", [(f"dqa_outbox_bytes{DEVICES}", "{{name}}")], "timeseries"),
    ]),
    ("Size", [
        ("Bits per value", "none", "Of the frames of the last minutes.", [
            (f"8 * rate(dqa_frame_bytes_total{DEVICES}[$__rate_interval]) / rate(dqa_frame_values_total{DEVICES}[$__rate_interval])", "{{name}}"),
        ], "timeseries"),
        ("Bytes", "Bps", "Of frames, per second.", [(f"sum by (role) (rate(dqa_frame_bytes_total{ALL}[$__rate_interval]))", "{{role}}")], "timeseries"),
    ]),
    ("Latency", [
        ("Answers, by histogram", "s", "Of processes that Prometheus reads themselves.", [
            (f"histogram_quantile({q}, sum by (le) (rate(dqa_answer_latency_seconds_bucket[$__rate_interval])))", f"{100*q:g} %") for q in (.5, .95, .99)
        ], "timeseries"),
        ("The last answers, 95 %", "s", "As members tell it; for devices that Prometheus does not reach.",
         [('dqa_answer_latency_recent_seconds{name=~"$member",share="0.95"}', "{{name}}")], "timeseries"),
    ]),
    ("Drift", [
        ("Excess bits per value", "none", "Over the mean of the profile's reference.", [(f"dqa_drift_excess_bits_per_value{DEVICES}", "{{name}}")], "timeseries"),
        ("Alarms", "none", "In the last hour.", [(f"increase(dqa_drift_alarms_total{DEVICES}[1h])", "{{name}}")], "timeseries"),
    ]),
    ("Versions", [
        ("Who runs what", "none", "", [(f"dqa_member_info{ALL}", "")], "table"),
        ("Nothing heard for", "s", "By the members' clocks.", [(f"time() - dqa_status_time_seconds{ALL}", "{{name}}")], "timeseries"),
    ]),
]


def panel(number, title, unit, text, queries, kind, x, y, width, height):
    p = {
        "id": number, "type": kind, "title": title, "description": text, "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": width, "h": height},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0 if unit in ("ops", "Bps", "bytes", "s") else None}, "overrides": []},
        "targets": [{"refId": chr(ord("A") + i), "datasource": SOURCE, "expr": expr, "legendFormat": legend,
                     **({"format": "table", "instant": True} if kind == "table" else {})}
                    for i, (expr, legend) in enumerate(queries)],
        "options": {},
    }
    if kind == "stat":
        p["options"] = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "none"}
    if kind == "timeseries":
        p["options"] = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
    return p


panels, number, y = [], 0, 0
for row, contents in ROWS:
    number += 1
    panels.append({"id": number, "type": "row", "title": row, "collapsed": False, "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}, "panels": []})
    y += 1
    width, height = 24 // len(contents), 4 if contents[0][4] == "stat" else 8
    for i, (title, unit, text, queries, kind) in enumerate(contents):
        number += 1
        panels.append(panel(number, title, unit, text, queries, kind, i * width, y, width, height))
    y += height

print(json.dumps({
    "uid": "dqa-fleet", "title": "DQA fleet", "tags": ["dqa"], "timezone": "utc", "schemaVersion": 39, "version": 1, "refresh": "10s",
    "editable": True, "time": {"from": "now-1h", "to": "now"}, "annotations": {"list": []}, "links": [],
    "templating": {"list": [
        {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
        {"name": "member", "label": "Member", "type": "query", "datasource": SOURCE, "query": {"query": "label_values(dqa_link_up, name)", "refId": "A"},
         "refresh": 2, "multi": True, "includeAll": True, "allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}},
    ]},
    "panels": panels,
}, indent=1))

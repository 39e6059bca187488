"""Planning: from what people answered to ranked needs, goal proposals and decisions on them.

Owns: its reduced copy of surveys, the sums of their answers, proposals, institutional goals.
Listens to: intake's surveys and responses. Publishes: proposals_drafted, proposal_decided,
goal_adopted.
"""

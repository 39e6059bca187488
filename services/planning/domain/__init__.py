"""The rules of planning: from what people answered to goals that can be decided on."""

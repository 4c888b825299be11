"""Which sample when: strategies, schedules, the planner, shards, class weights; labels suffice."""

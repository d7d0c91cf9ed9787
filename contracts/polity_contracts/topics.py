"""Every topic of the platform in one place: who owns it, who reads it, what its key is and how long it keeps."""

from dataclasses import dataclass, field

PARTITIONS = 6
"""Frozen: another count would send a key to another partition and break its order."""

THIRTY_DAYS_MS = 30 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic. `key` names the aggregate whose id is the record's key."""

    name: str
    owner: str
    key: str
    consumers: tuple[str, ...]
    compacted: bool = False
    partitions: int = PARTITIONS
    config: dict[str, str] = field(default_factory=dict)

    def settings(self) -> dict[str, str]:
        """Returns the topic's Kafka configuration: logs keep for ever, compacted ones the last value."""
        kept = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
        if self.compacted:
            kept = {
                "cleanup.policy": "compact",
                "delete.retention.ms": str(THIRTY_DAYS_MS),
                "max.compaction.lag.ms": str(24 * 3600 * 1000),
                "segment.ms": str(24 * 3600 * 1000),
                "min.cleanable.dirty.ratio": "0.01",
            }
        # When a fact was recorded is the log's to say, not the sender's.
        recorded = {"message.timestamp.type": "LogAppendTime"}
        return {**kept, **recorded, "max.message.bytes": "1048576", **self.config}


NETWORKS = Topic("membership-networks-v1", "membership", "network", ("notifications",))
LOCAL_GOVERNMENTS = Topic(
    "membership-local-governments-v1", "membership", "local government", ("notifications", "reporting")
)
CAMPAIGNS = Topic("membership-campaigns-v1", "membership", "campaign", ("notifications", "reporting"))
INVITATIONS = Topic("membership-invitations-v1", "membership", "invitation", ("notifications", "reporting"))
COMMITMENTS = Topic("membership-commitments-v1", "membership", "commitment", ("notifications", "reporting"))
MANDATES = Topic("membership-mandates-v1", "membership", "mandate", ("events", "notifications", "reporting"))
PEOPLE = Topic("membership-people-v1", "membership", "person", ("notifications",), compacted=True)

TOPICS: dict[str, Topic] = {
    topic.name: topic for topic in (NETWORKS, LOCAL_GOVERNMENTS, CAMPAIGNS, INVITATIONS, COMMITMENTS, MANDATES, PEOPLE)
}

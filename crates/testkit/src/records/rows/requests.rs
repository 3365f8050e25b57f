//! What is sent to Konnect.

use super::Row;

pub(super) const ROWS: &[Row] = &[
    // Deletions.
    Row::new(
        "*",
        "request",
        "not sent",
        "deleted",
        "What an object had goes before the object does. Kong's operator waits, forgets it, or leaves it to what Konnect deletes along.",
    )
    .beside("ours gone"),
    Row::new(
        "targets",
        "request",
        "not sent",
        "deleted",
        "Targets go before their upstream.",
    )
    .beside("ours KongUpstreamRefValid False *")
    .expected(),
    Row::new(
        "*",
        "request",
        "deleted",
        "not sent",
        "What is still in use is not deleted; Konnect would refuse it.",
    )
    .beside("ours Programmed False KonnectAPIOpFailed \"* still refers to it*")
    .expected(),
    Row::new(
        "plugins",
        "request",
        "deleted",
        "not sent",
        "Blanks between the names in an annotation make Kong's operator create and delete alternately.",
    )
    .beside("step *konghq.com/plugins*, *")
    .expected(),
    // What is not sent.
    Row::new(
        "plugins",
        "request",
        "sent *",
        "not sent",
        "What Kong's operator sends for a binding whose target is gone is refused by Konnect.",
    )
    .beside("ours gone"),
    Row::new(
        "*",
        "request",
        "sent *",
        "not sent",
        "Names are unique in Konnect: who is not the holder is not sent at all.",
    )
    .beside("ours Programmed False FailedTo* \"failed to * is taken by *"),
    Row::new(
        "*",
        "request",
        "sent *",
        "not sent",
        "Nothing is sent before it can be as asked, and nothing to somebody else's entity.",
    )
    .beside("ours Programmed False *")
    .expected(),
    // What is sent at once.
    Row::new(
        "*",
        "request",
        "not sent",
        "sent *",
        "A name that becomes free is taken.",
    )
    .beside("theirs Programmed False FailedToCreate \"trying to find *"),
    Row::new(
        "*",
        "request",
        "not sent",
        "sent *",
        "A name that becomes free is taken at once, also by an object that was given it later.",
    )
    .beside("theirs Programmed False FailedToUpdate \"*unique*")
    .expected(),
    Row::new(
        "*",
        "request",
        "not sent",
        "sent *",
        "What waited for a reference is sent as soon as that is good. Kong's operator has sent it without, and corrects that after the sync period.",
    )
    .beside("before ours Programmed False ConditionWithStatusFalseExists *")
    .expected(),
    Row::new(
        "plugins",
        "request",
        "not sent",
        "sent *",
        "An edit of a KongPlugin arrives at once, not after the sync period.",
    )
    .beside("step * KongPlugin *"),
    Row::new(
        "*",
        "request",
        "not sent",
        "sent *",
        "A changed Secret arrives at once, not after the sync period.",
    )
    .beside("step * Secret *"),
    Row::new(
        "*",
        "request",
        "not sent",
        "sent *",
        "An edit of the annotation `konghq.com/tags` arrives at once, though the generation does not change.",
    )
    .beside("step edits *konghq.com/tags*"),
    // Bodies.
    Row::new(
        "*",
        "request",
        "",
        "client_certificate: *",
        "A certificate that is not ready is waited for; Kong's operator goes on without.",
    )
    .expected(),
    Row::new(
        "routes",
        "request",
        "",
        "service: *",
        "Likewise, a service.",
    )
    .expected(),
    Row::new(
        "plugins",
        "request",
        "tags: *k8s-kind:KongPluginBinding*",
        "tags: *k8s-kind:KongPlugin\"*",
        "The tags of a plugin that an annotation asks for name the KongPlugin, and whose entity it is bound to.",
    ),
    Row::new(
        "plugins",
        "request",
        "tags: *k8s-kind:KongPluginBinding*",
        "ordering: Some(*, tags: *k8s-kind:KongPlugin\"*",
        "Likewise, and the order of a plugin among others is sent, which Kong's operator leaves out.",
    )
    .expected(),
    Row::new(
        "plugins",
        "request",
        "*",
        "config: *",
        "Values from Secrets are in the configuration; Kong's operator leaves them out.",
    )
    .beside("step applies KongPlugin *secretKeyRef*")
    .expected(),
    Row::new(
        "plugins",
        "request",
        "not sent",
        "sent *\"k8s-kind:KongClusterPlugin\"*",
        "A KongClusterPlugin in the annotation `konghq.com/plugins` is used, where there is no KongPlugin of that name.",
    )
    .expected(),
    Row::new(
        "plugins",
        "request",
        "not sent",
        "sent *",
        "A KongClusterPlugin can be bound.",
    )
    .beside("ours PluginRefValid True Valid \"KongClusterPlugin *")
    .expected(),
    Row::new(
        "consumer_groups",
        "request",
        "name: Some(\"\")",
        "name: *",
        "A group without a name in its spec is called as its object is; Konnect takes no empty name.",
    )
    .expected(),
    Row::new(
        "config-stores",
        "request",
        "",
        "name: Some(*",
        "Likewise, a config store.",
    )
    .expected(),
    // Consumers.
    Row::new(
        "consumers",
        "request",
        "not sent",
        "sent *",
        "A credential that cannot be had does not keep its consumer away.",
    )
    .beside("ours CredentialSecretRefsValid False *")
    .expected(),
    Row::new(
        "consumers",
        "request",
        "*: Some(\"\")",
        "*",
        "A name that a consumer does not have is left out; Kong's operator sends it empty.",
    ),
    Row::new(
        "consumers",
        "request",
        "sent *",
        "not sent",
        "A consumer is not written again when a group that it names comes to be.",
    )
    .beside("step applies KongConsumerGroup *"),
    Row::new(
        "consumer-group-members",
        "request",
        "not sent",
        "sent {}",
        "A group that is missing does not keep a consumer out of the others.",
    )
    .beside("elsewhere ours KongConsumer * KongConsumerGroupRefsValid False *"),
    Row::new(
        "*",
        "request",
        "sent *\"k8s-kind:KongCredential*\"k8s-name:{*",
        "not sent",
        "Kong's operator writes an object for each credential in a Secret, and that to Konnect.",
    ),
    Row::new(
        "*",
        "request",
        "not sent",
        "sent *\"k8s-kind:Secret\"*",
        "The tags of a credential in a Secret name the Secret, and the consumer that it is of.",
    ),
    Row::new(
        "*auths",
        "request",
        "not sent",
        "deleted",
        "A credential goes as soon as its Secret is not listed any more, under the id that it has here.",
    )
    .beside("step edits KongConsumer *credentials*"),
    Row::new(
        "keys",
        "request",
        "",
        "set: Some(*",
        "A key waits for its set; with Kong's operator it may be sent without.",
    ),
];

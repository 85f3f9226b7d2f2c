"""What a document may ask at once: how deep, under how many aliases, and one change at a time."""

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Visitor,
    visit,
)

from data.metering.service.faults import Fault, bad_input

MOST_ALIASES = 100
DEEPEST = 20
DIRECTIVES = ("skip", "include")


def refused(document: DocumentNode) -> list[GraphQLError]:
    """Why a document is not even validated; nothing where it may be."""
    try:
        counts = _Counts()
        visit(document, counts)
        if counts.aliases > MOST_ALIASES:
            raise Fault(
                "GraphQLAliasesLimitExceeded",
                f"{counts.aliases} aliases in one request; at most {MOST_ALIASES}.",
            )
        _check_depth(document)
        _check_mutations(document)
    except Fault as fault:
        return [GraphQLError(str(fault), original_error=fault)]
    return []


def only_reading(document: DocumentNode) -> list[GraphQLError]:
    """Why a publishable key may not send it."""
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode) and node.operation is OperationType.MUTATION:
            fault = Fault("AccessDeniedError", "A client key reads: changes need a server key.")
            return [GraphQLError(str(fault), original_error=fault)]
    return []


class _Counts(Visitor):
    """Counts aliases, and refuses directives that nobody knows."""

    def __init__(self) -> None:
        super().__init__()
        self.aliases = 0

    def enter_field(self, node: FieldNode, *_: object) -> None:
        self.aliases += node.alias is not None

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        if node.name.value not in DIRECTIVES:
            raise Fault(
                "GraphQLUnsupportedDirective",
                f"The directive @{node.name.value} is not supported; @skip and @include are.",
            )


def _check_depth(document: DocumentNode) -> None:
    """Fragments count where they are spread; one that contains itself is endless."""
    fragments = {
        node.name.value: node.selection_set
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            _descend(node.selection_set, fragments, 0, set())


def _descend(
    selection: SelectionSetNode,
    fragments: dict[str, SelectionSetNode],
    depth: int,
    seen: set[tuple[str, int]],
) -> None:
    """Each fragment once at a depth: spread twice at every level, paths double with each."""
    if depth > DEEPEST:
        raise bad_input(f"The request nests deeper than {DEEPEST} levels.")
    for node in selection.selections:
        inner = getattr(node, "selection_set", None)
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            inner = None if (name, depth) in seen else fragments.get(name)
            seen.add((name, depth))
        if inner is not None:
            _descend(inner, fragments, depth + 1, seen)


def _check_mutations(document: DocumentNode) -> None:
    """A change is answered whole: with two in one request, one could fail behind the other."""
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode) and node.operation is OperationType.MUTATION:
            selections = node.selection_set.selections
            if len(selections) != 1 or not isinstance(selections[0], FieldNode):
                raise bad_input("A request makes one change: send each mutation by itself.")

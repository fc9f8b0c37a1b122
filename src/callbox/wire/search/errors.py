"""Why a search is refused. Like the vendor's, these errors show no request id."""

from callbox.wire.errors import WireError


class InvalidQuery(WireError):
    """A part of the query is missing or is no object."""

    code = "invalid_query"
    message = (
        "Invalid query. Ensure 'field', 'operator', 'value' are present for field queries. "
        "Ensure 'operator' and 'value' for composite queries."
    )
    shows_request_id = False


class InvalidField(WireError):
    """The resource has no such field to search by."""

    code = "invalid_field"
    message = "not_a_field is not a valid field"
    shows_request_id = False


class InvalidOperator(WireError):
    """The field, or a group, has no such operator."""

    code = "invalid_operator"
    message = "email does not support operator: >"
    shows_request_id = False


class InvalidValue(WireError):
    """The value does not fit the field."""

    code = "invalid_value"
    message = "123 is not a valid string"
    shows_request_id = False


class InvalidValues(WireError):
    """Groups, or a value, are nested too deeply."""

    code = "invalid_values"
    message = "Value depth exceeds 10 items"
    shows_request_id = False


class InvalidSortOrder(WireError):
    """A sort order other than the two."""

    code = "invalid_sort_order"
    message = "Invalid sort order 'desc'. Must be one of: ascending, descending"
    shows_request_id = False

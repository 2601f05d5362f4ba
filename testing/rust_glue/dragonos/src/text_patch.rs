// SPDX-License-Identifier: MIT
pub(crate) struct TextPatchError;

pub(crate) fn validate_control_context() -> Result<(), TextPatchError> {
    Ok(())
}
